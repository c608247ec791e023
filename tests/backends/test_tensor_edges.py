"""Tensor functions at the edges, against NumPy: empty, 0-d, negative axes, integers, dtypes."""

import numpy as np
import pytest

EMPTY = np.zeros((0, 3), np.float32)
SCALAR = np.array(0.5, np.float32)
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7
INTEGERS = np.array([[3, -1, 2], [0, 5, 4]], np.int32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ENTRYWISE = {name: getattr(np, name) for name in ('exp', 'sin', 'cos', 'sinh', 'cosh', 'tanh')}
ENTRYWISE |= {'abs': np.abs, 'sigmoid': sigmoid}


def check(d2l, found, expected, dtype=np.float32):
    array = d2l.numpy(found)
    expected = np.asarray(expected)
    assert array.shape == expected.shape
    assert array.dtype == dtype
    np.testing.assert_allclose(array, expected, rtol=3e-6, atol=1e-6)


@pytest.mark.parametrize('name', ENTRYWISE)
@pytest.mark.parametrize('x', [EMPTY, SCALAR, CUBE], ids=['empty', '0-d', '3-d'])
def test_entrywise(d2l, name, x):
    check(d2l, getattr(d2l, name)(d2l.tensor(x)), ENTRYWISE[name](x))


def test_abs_of_integers_stays_integer(d2l):
    check(d2l, d2l.abs(d2l.tensor(INTEGERS)), np.abs(INTEGERS), np.int32)


@pytest.mark.parametrize('x', [EMPTY, SCALAR, CUBE], ids=['empty', '0-d', '3-d'])
def test_likes(d2l, x):
    check(d2l, d2l.zeros_like(d2l.tensor(x)), np.zeros_like(x))
    check(d2l, d2l.ones_like(d2l.tensor(x)), np.ones_like(x))
    assert d2l.size(d2l.tensor(x)) == x.size


def test_likes_of_integers(d2l):
    check(d2l, d2l.zeros_like(d2l.tensor(INTEGERS)), np.zeros_like(INTEGERS), np.int32)
    check(d2l, d2l.ones_like(d2l.tensor(INTEGERS)), np.ones_like(INTEGERS), np.int32)


@pytest.mark.parametrize('shape', [(), (0,), (2, 0, 3), (1,)])
def test_making_odd_shapes(d2l, shape):
    check(d2l, d2l.zeros(shape), np.zeros(shape))
    check(d2l, d2l.ones(shape), np.ones(shape))
    assert tuple(d2l.rand(shape).shape) == tuple(d2l.randn(shape).shape) == shape


@pytest.mark.parametrize('axis', [None, 0, 1, -1, -2])
def test_sums_of_the_empty(d2l, axis):
    check(d2l, d2l.reduce_sum(d2l.tensor(EMPTY), axis=axis), EMPTY.sum(axis=axis))


def test_sums_and_means_of_a_scalar(d2l):
    check(d2l, d2l.reduce_sum(d2l.tensor(SCALAR)), SCALAR)
    check(d2l, d2l.reduce_mean(d2l.tensor(SCALAR)), SCALAR)


@pytest.mark.filterwarnings('ignore:Mean of empty slice')
def test_the_mean_of_nothing_is_nan(d2l):
    assert np.isnan(d2l.numpy(d2l.reduce_mean(d2l.tensor(EMPTY))))
    assert d2l.numpy(d2l.reduce_mean(d2l.tensor(EMPTY), axis=1)).shape == (0,)


@pytest.mark.parametrize('axis', [-1, -2, -3, (0, -1), (-2, -1)])
def test_negative_axes(d2l, axis):
    x = d2l.tensor(CUBE)
    check(d2l, d2l.reduce_sum(x, axis=axis), CUBE.sum(axis=axis))
    check(d2l, d2l.reduce_mean(x, axis=axis, keepdims=True), CUBE.mean(axis=axis, keepdims=True))
    if isinstance(axis, int):
        assert d2l.numpy(d2l.argmax(x, axis=axis)).tolist() == CUBE.argmax(axis).tolist()
        check(d2l, d2l.expand_dims(x, axis), np.expand_dims(CUBE, axis))
        check(d2l, d2l.concat([x, x], axis=axis), np.concatenate([CUBE, CUBE], axis))
        check(d2l, d2l.stack([x, x], axis=axis), np.stack([CUBE, CUBE], axis))
        check(d2l, d2l.repeat(x, 2, axis=axis), CUBE.repeat(2, axis))
    else:
        check(d2l, d2l.swapaxes(x, *axis), CUBE.swapaxes(*axis))


def test_sums_of_integers_are_integers_and_means_are_not(d2l):
    x = d2l.tensor(INTEGERS)
    assert d2l.numpy(d2l.reduce_sum(x)).dtype.kind == 'i'
    assert int(d2l.reduce_sum(x)) == INTEGERS.sum()
    check(d2l, d2l.reduce_mean(x, axis=0), INTEGERS.mean(axis=0))


def test_argmax_gives_integers_and_the_first_of_equals(d2l):
    found = d2l.numpy(d2l.argmax(d2l.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]]), axis=1))
    assert found.dtype.kind == 'i' and found.tolist() == [1, 0]
    assert int(d2l.argmax(d2l.reshape(d2l.tensor(INTEGERS), (-1,)))) == 4


def test_shapes_of_the_empty_and_of_scalars(d2l):
    empty, scalar = d2l.tensor(EMPTY), d2l.tensor(SCALAR)
    check(d2l, d2l.reshape(empty, (3, 0)), EMPTY.reshape(3, 0))
    check(d2l, d2l.transpose(empty), EMPTY.T)
    check(d2l, d2l.transpose(scalar), SCALAR)
    check(d2l, d2l.reshape(scalar, (1, 1)), [[0.5]])
    check(d2l, d2l.reshape(d2l.ones((1, 1)), ()), 1.0)
    check(d2l, d2l.expand_dims(scalar, 0), [0.5])
    check(d2l, d2l.stack([scalar, scalar]), [0.5, 0.5])
    check(d2l, d2l.concat([empty, empty]), EMPTY)
    check(d2l, d2l.concat([empty, d2l.ones((2, 3))]), np.ones((2, 3)))
    check(d2l, d2l.repeat(empty, 2, axis=1), EMPTY.repeat(2, axis=1))


def test_matmul_of_the_empty(d2l):
    check(d2l, d2l.matmul(d2l.tensor(EMPTY), d2l.ones((3, 2))), np.zeros((0, 2)))
    check(d2l, d2l.matmul(d2l.ones((2, 0)), d2l.ones((0, 3))), np.zeros((2, 3)))


def test_ranges(d2l):
    check(d2l, d2l.linspace(0, 1, 1), [0.0])
    check(d2l, d2l.linspace(1, -1, 5), np.linspace(1, -1, 5))
    check(d2l, d2l.linspace(2, 3, 0), np.zeros(0))
    assert d2l.numpy(d2l.arange(0)).shape == (0,)
    assert d2l.numpy(d2l.arange(5, 2, -1)).tolist() == [5, 4, 3]


@pytest.mark.parametrize('dtype', ['int32', 'float32'])
def test_integers_and_floats_keep_their_dtype(d2l, dtype):
    x = d2l.tensor(INTEGERS.astype(dtype))
    for found in (
        d2l.reshape(x, (3, 2)),
        d2l.transpose(x),
        d2l.swapaxes(x, 0, 1),
        d2l.expand_dims(x, 0),
        d2l.concat([x, x]),
        d2l.stack([x, x]),
        d2l.repeat(x, 2, axis=0),
        d2l.matmul(x, d2l.transpose(x)),
    ):
        assert d2l.numpy(found).dtype == np.dtype(dtype)


def test_tensors_of_python_numbers(d2l):
    check(d2l, d2l.tensor(1.5), 1.5)
    check(d2l, d2l.tensor([]), np.zeros(0))
    check(d2l, d2l.tensor([[1.0], [2.0]]), [[1], [2]])
    check(d2l, d2l.tensor([1, 2], dtype=d2l.int32), [1, 2], np.int32)
