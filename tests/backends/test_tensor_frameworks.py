"""The tensor functions take what the functions of the framework take, and do the same.

On each tab, a name of the book is a function of the framework or a method of its tensors. Each is
called here by position and by keyword, with every argument that the framework documents.
"""

import inspect
from pathlib import Path

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require
from tensor_calls import A, jax, mxnet, pytorch, tensorflow

from d2lite import interface
from d2lite.pages.reading.page import read_page
from d2lite.pages.running.kernel import run_tab

TABLES = {'pytorch': pytorch, 'tensorflow': tensorflow, 'jax': jax, 'mxnet': mxnet}

# What a tab of the book has no function for, ours are described in the docstrings.
OURS_ALONE = {
    'tensorflow': {'randn', 'swapaxes', 'to'},
    'jax': {'normal', 'rand', 'randn', 'batch_matmul'},
}
CALLED = [
    (backend, name)
    for backend in BACKENDS
    if backend in TABLES
    for name in interface.TENSORS
    if name not in {'int32', 'int64', 'float32'} | OURS_ALONE.get(backend, set())
]


def test_nnx_has_the_very_functions_of_jax():
    nnx, jax = require('nnx'), require('jax')
    assert all(getattr(nnx, name) is getattr(jax, name) for name in interface.TENSORS)


def called(d2l, call, function):
    d2l.seed_everything(0)
    result = call(function)
    return result if isinstance(result, list | tuple) else [result]


@pytest.mark.filterwarnings('ignore:torch.meshgrid')
@pytest.mark.parametrize('backend, name', CALLED)
def test_calls_as_the_framework_documents_them(backend, name):
    d2l = require(backend)
    own, calls = TABLES[backend].table(d2l)[name]
    for number, call in enumerate(calls):
        found, expected = called(d2l, call, getattr(d2l, name)), called(d2l, call, own)
        for one, other in zip(found, expected, strict=True):
            array, reference = d2l.numpy(one), d2l.numpy(other)
            assert array.dtype == reference.dtype or name == 'size', f'call {number}'
            assert getattr(one, 'requires_grad', 0) == getattr(other, 'requires_grad', 0)
            np.testing.assert_allclose(array, reference, rtol=1e-6, err_msg=f'call {number}')


def test_no_argument_of_the_framework_is_missing(d2l):
    """Where the framework tells its parameters: ours begin with them, or pass on what comes."""
    backend = backend_of(d2l)
    calls = TABLES['jax' if backend == 'nnx' else backend]  # nnx has the very functions of jax
    for name, (own, _) in calls.table(d2l).items():
        try:
            theirs = inspect.signature(own).parameters.values()
        except ValueError:  # a function written in C++
            continue
        ours = inspect.signature(getattr(d2l, name)).parameters.values()
        kinds = {p.kind for p in ours}
        found, expected = (
            [p.name for p in side if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][1:]
            for side in (ours, theirs)
        )
        given = len(found) if inspect.Parameter.VAR_POSITIONAL in kinds else len(expected)
        assert found[: len(expected)] == expected[:given], name
        keywords = {p.name for p in theirs if p.kind is p.KEYWORD_ONLY}
        passes_on = inspect.Parameter.VAR_KEYWORD in kinds
        assert passes_on or keywords <= {p.name for p in ours}, name


def test_booleans_are_counted_and_have_a_mean(d2l):
    y_hat, y = d2l.tensor([1, 2, 3, 4]), d2l.tensor([1, 2, 0, 4])
    assert float(d2l.reduce_mean(y_hat == y)) == 0.75
    assert float(d2l.reduce_sum(y_hat == y)) == 3
    assert d2l.numpy(d2l.reduce_mean(y_hat == y)).dtype == np.float32


# What another tab writes, and the shape it has there.
OTHERS = {
    'the shape first': (lambda d2l: d2l.normal((24, 32)), (24, 32)),
    'the shape first, then a mean': (lambda d2l: d2l.normal((24, 32), 0, 1), (24, 32)),
    'a mean first': (lambda d2l: d2l.normal(0, 1, (3,)), (3,)),
    'a mean, and a shape that fits': (lambda d2l: d2l.normal(2, 1, (4, 5)), (4, 5)),
    'sizes of zeros': (lambda d2l: d2l.zeros(2, 3), (2, 3)),
    'more sizes of zeros': (lambda d2l: d2l.zeros(2, 3, 4), (2, 3, 4)),
    'sizes of ones': (lambda d2l: d2l.ones(2, 1), (2, 1)),
    'sizes of a new shape': (lambda d2l: d2l.reshape(d2l.ones(6), 2, 3), (2, 3)),
    'bounds of random numbers': (lambda d2l: d2l.rand((2, 3), 0, 1), (2, 3)),
    'keepdims third': (lambda d2l: d2l.reduce_sum(d2l.ones((2, 3)), 0, True), (1, 3)),
    'keepdims in a mean': (lambda d2l: d2l.reduce_mean(d2l.ones((2, 3)), 0, True), (1, 3)),
    'a type third': (lambda d2l: d2l.reduce_sum(d2l.ones((2, 3)), 0, d2l.float32), (3,)),
    'a type in a mean': (lambda d2l: d2l.reduce_mean(d2l.ones((2, 3)), 0, d2l.float32), (3,)),
}


@pytest.mark.parametrize('which', OTHERS)
def test_a_call_of_another_tab_is_right_or_fails(d2l, which):
    call, shape = OTHERS[which]
    try:
        found = call(d2l)
    except Exception:
        return
    assert tuple(found.shape) == shape
    assert d2l.numpy(found).dtype == np.float32


def test_a_mean_first_is_explained_on_tensorflow():
    d2l = require('tensorflow')
    with pytest.raises(TypeError, match=r'takes the shape first, .* Got 0 for the shape'):
        d2l.normal(0, 1, (3,))
    with pytest.raises(TypeError, match=r'zeros takes the shape as one tuple: .*\(\(2, 3\)\)'):
        d2l.zeros(2, 3)
    with pytest.raises(TypeError, match='takes True or False for keepdims'):
        d2l.reduce_sum(d2l.ones((2, 3)), 0, d2l.float32)


def test_a_key_of_jax_is_no_number_and_no_shape():
    d2l = require('jax')
    key = d2l.get_key()
    for call in (
        lambda: d2l.normal(key),
        lambda: d2l.normal(key, (2, 3)),
        lambda: d2l.rand(key),
        lambda: d2l.randn(key, (2, 3)),
    ):
        with pytest.raises(TypeError, match='key=key'):
            call()
    same = [d2l.normal(d2l.tensor([0.0, 9.0]), 1, key=key) for _ in range(2)]
    assert same[0].shape == (2,) and (same[0] == same[1]).all()
    assert abs(float(same[0][1] - same[0][0]) - 9) > 1e-3  # two draws, not one for both


def test_each_entry_or_the_whole_is_repeated_on_pytorch():
    d2l = require('pytorch')
    x = d2l.tensor([1, 2])
    assert d2l.repeat(x, 2).tolist() == [1, 2, 1, 2]
    assert d2l.repeat(x, 2, axis=0).tolist() == [1, 1, 2, 2]


@pytest.mark.parametrize('name', ['exp', 'log', 'sigmoid'])
def test_integers_in_a_list_on_tensorflow(name):
    d2l = require('tensorflow')
    function = getattr(d2l, name)
    np.testing.assert_allclose(function([1, 2]), function([1.0, 2.0]))


def test_numpy_arrays_are_taken_where_the_book_calls_a_method(d2l):
    for name in ('reduce_sum', 'reduce_mean', 'argmax'):
        reference = getattr(np, name.removeprefix('reduce_'))(A, axis=1)
        found = d2l.numpy(getattr(d2l, name)(A, axis=1))
        np.testing.assert_allclose(found, reference, rtol=1e-6)
    assert d2l.reshape(A, (3, 2)).shape == (3, 2)


def test_a_page_with_the_calls_of_each_tab(d2l):
    page = read_page(Path(__file__).parent.parent / 'pages/tensors.md')
    result = run_tab(page, backend_of(d2l), show=['share', 'first', 'labels', 'message'])
    assert result.error is None
    assert result.values['show'] == {
        'share': 1,
        'first': [8, 4, 0],
        'labels': [1, 3, 5],
        'message': 'row 3 does not exist: the data have 3 rows',
    }
