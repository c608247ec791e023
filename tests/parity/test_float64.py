"""float64 is computed in float64 from end to end, or refused; float32 is what it was afterwards."""

import contextlib

import numpy as np
import pytest
from contract import backend_of, require
from problems import problem

from d2lite.parity import MODELS, PrecisionError, record_training, recorder
from d2lite.parity.compare import compare


@pytest.mark.parametrize('model', MODELS)
def test_float32_under_another_name_is_found_at_once(d2l, model):
    """A float32 training, its numbers handed on as float64, is outside from the first step."""
    found = record_training(backend_of(d2l), model, problem(dtype='float32'))
    found.loss, found.w, found.b = (a.astype(np.float64) for a in (found.loss, found.w, found.b))
    row = compare(found, problem(dtype='float64'))
    assert row.first_outside == 1 and row.parameters_rel > 1e-9


@pytest.mark.parametrize(
    'backend, model', [('jax', 'LinearRegressionScratch'), ('tensorflow', 'LinearRegression')]
)
def test_what_a_framework_rounds_without_being_asked_is_refused(monkeypatch, backend, model):
    require(backend)
    monkeypatch.setattr(recorder, '_precision', lambda *_: contextlib.nullcontext())
    with pytest.raises(PrecisionError, match=f'{model} on {backend} was to be computed in float64'):
        record_training(backend, model, problem(dtype='float64'))


@pytest.mark.parametrize('model', MODELS)
def test_float32_is_the_same_before_and_after(d2l, model):
    before = record_training(backend_of(d2l), model, problem(num_steps=2))
    record_training(backend_of(d2l), model, problem(num_steps=2, dtype='float64'))
    after = record_training(backend_of(d2l), model, problem(num_steps=2))
    assert before.w.dtype == after.w.dtype == np.float32
    np.testing.assert_array_equal(before.w, after.w)
    assert d2l.numpy(d2l.ones(2)).dtype == np.float32


def test_settings_are_undone_after_an_error():
    require('tensorflow'), require('jax')
    import jax

    from d2lite_tensorflow.framework import keras

    for backend in ('tensorflow', 'jax'):
        with pytest.raises(RuntimeError), recorder._precision(backend, 'float64'):
            raise RuntimeError
    assert keras.backend.floatx() == 'float32' and keras.layers.Dense(1).compute_dtype == 'float32'
    assert jax.numpy.ones(1).dtype == np.float32
