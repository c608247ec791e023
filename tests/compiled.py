"""Trainings with compiled steps, as the tests of these need them."""

import warnings

import numpy as np
import pytest
from contract import backend_of, small_data

# What `Trainer(compile=)` has to be for compiled steps.
COMPILE = {'jax': None, 'nnx': None, 'tensorflow': None, 'pytorch': True, 'mxnet': None}


@pytest.fixture(autouse=True)
def graphs_run_as_they_are(request, monkeypatch):
    """On PyTorch: what we make is the graph, and to have PyTorch compile each one takes seconds.

    A test that asks for the fixture `really_compiled` has it compiled.
    """
    if 'd2l' not in request.fixturenames or 'really_compiled' in request.fixturenames:
        return
    if backend_of(request.getfixturevalue('d2l')) == 'pytorch':
        monkeypatch.setattr('torch.compile', lambda graph, **options: graph)


@pytest.fixture
def really_compiled():
    """See `graphs_run_as_they_are`."""


def fast(d2l):
    """The value of `compile` that compiles."""
    return COMPILE[backend_of(d2l)]


def fit(d2l, make_model, compiled=True, max_epochs=3, data=None, **kwargs):
    """A training, silent: a warning that something is not compiled fails the test."""
    d2l.seed_everything(0)
    model = make_model()
    data = (data or (lambda: small_data(d2l, num_train=100)))()
    kwargs = {'compile': fast(d2l) if compiled else False} | kwargs
    trainer = d2l.Trainer(max_epochs=max_epochs, **kwargs)
    with warnings.catch_warnings():
        warnings.filterwarnings('error', '.*step by step')
        trainer.fit(model, data)
    return trainer


def assert_same(d2l, compiled, plain):
    assert compiled.compiled and not plain.compiled
    ours, theirs = (t.serialization.get_parameters(t) for t in (compiled, plain))
    for name, array in theirs.items():
        np.testing.assert_allclose(
            ours[name], array, rtol=1e-5, atol=1e-5 * np.abs(array).max(), err_msg=name
        )
    assert len(compiled.history) == len(plain.history)
    for ours, theirs in zip(compiled.history, plain.history, strict=True):
        for key in theirs.keys() - {'seconds', 'compile_seconds'}:
            assert ours[key] == pytest.approx(theirs[key], rel=1e-5), key
    ours, theirs = compiled.model.board.data, plain.model.board.data
    assert ours.keys() == theirs.keys()
    for label in theirs:
        np.testing.assert_allclose(ours[label], theirs[label], rtol=1e-5)
    assert compiled.train_batch_idx == plain.train_batch_idx
    assert compiled.val_batch_idx == plain.val_batch_idx


def scratch(d2l):
    return d2l.LinearRegressionScratch(2, lr=0.03)


def sgd(d2l, model, lr):
    """d2lite's own optimizer for a model from scratch."""
    return (
        d2l.SGD(lr)
        if backend_of(d2l) in ('jax', 'nnx', 'tensorflow')
        else d2l.SGD([model.w, model.b], lr)
    )
