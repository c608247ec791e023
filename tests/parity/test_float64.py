"""float64 is computed in float64 from end to end, or refused; float32 is what it was afterwards."""

import contextlib

import numpy as np
import pytest
from contract import backend_of, require
from problems import LINEAR, problem

from d2lite.parity import PrecisionError, record_training
from d2lite.parity.comparison import compare


@pytest.mark.parametrize('model', LINEAR)
def test_float32_under_another_name_is_found_at_once(d2l, model):
    """A float32 training, its numbers handed on as float64, is outside from the first step."""
    found = record_training(backend_of(d2l), problem(model, dtype='float32'))
    found.parameters = {n: array.astype(np.float64) for n, array in found.parameters.items()}
    row = compare(found, problem(model, dtype='float64'))
    assert row.first_outside == 1 and row.parameters_rel > 1e-9


@pytest.mark.parametrize(
    'backend, model', [('jax', 'LinearRegressionScratch'), ('tensorflow', 'LinearRegression')]
)
def test_what_a_framework_rounds_without_being_asked_is_refused(monkeypatch, backend, model):
    arithmetic = require(backend).Trainer.arithmetic
    monkeypatch.setattr(arithmetic, 'in_float64', contextlib.nullcontext)
    with pytest.raises(PrecisionError, match=f'{model} on {backend} was to be computed in float64'):
        record_training(backend, problem(model, dtype='float64'))


@pytest.mark.parametrize('model', LINEAR)
def test_float32_is_the_same_before_and_after(d2l, model):
    before = record_training(backend_of(d2l), problem(model, num_steps=2))
    record_training(backend_of(d2l), problem(model, num_steps=2, dtype='float64'))
    after = record_training(backend_of(d2l), problem(model, num_steps=2))
    for name in before.parameters:
        assert before.parameters[name].dtype == after.parameters[name].dtype == np.float32
        np.testing.assert_array_equal(before.parameters[name], after.parameters[name])
    assert d2l.numpy(d2l.ones(2)).dtype == np.float32


def test_settings_are_undone_after_an_error():
    require('tensorflow'), require('jax'), require('pytorch')
    import jax
    import torch

    from d2lite_tensorflow.framework import keras

    for backend in ('tensorflow', 'jax', 'pytorch'):
        with pytest.raises(RuntimeError), require(backend).Trainer.arithmetic.in_float64():
            raise RuntimeError
    assert keras.backend.floatx() == 'float32' and keras.layers.Dense(1).compute_dtype == 'float32'
    assert jax.numpy.ones(1).dtype == np.float32 and torch.ones(1).dtype == torch.float32
