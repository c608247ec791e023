"""Recurrent networks, sequence to sequence and transformers against the reference."""

import model_checks
import pytest

from d2lite.parity import recurrent, transformers

MODELS = recurrent.MODELS | transformers.MODELS


@pytest.mark.parametrize('model', MODELS)
def test_float32_agrees_step_by_step(d2l, model):
    model_checks.assert_float32_agrees(d2l, model)


@pytest.mark.parametrize('model', MODELS)
def test_float64_agrees_step_by_step(d2l, model):
    model_checks.assert_float64_agrees_where_it_is_possible(d2l, model)


@pytest.mark.parametrize('model', MODELS)
def test_gradients_agree(d2l, model):
    model_checks.assert_gradients_agree(d2l, model)
