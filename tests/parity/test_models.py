"""Every built-in model against the reference: losses, parameters and gradients, step by step."""

import dataclasses
import functools

import numpy as np
import pytest
from contract import backend_of

from d2lite.parity import MODELS, compare, record_training, standard_problem
from d2lite.parity.tape import Value, gradients

# So large that rounding the parameters says nothing against the gradient.
LARGE_LR = 2.0**10


@functools.cache
def problem_of(model, dtype='float32'):
    return standard_problem(model, dtype=dtype)


@pytest.mark.parametrize('dtype', ['float32', 'float64'])
@pytest.mark.parametrize('model', MODELS)
def test_losses_and_parameters_agree_step_by_step(d2l, model, dtype):
    given = problem_of(model, dtype)
    if dtype == 'float64' and backend_of(d2l) in MODELS[model].float32_only:
        with pytest.raises(Exception, match=r'(?i)float|double|dtype'):
            record_training(backend_of(d2l), given)
        return
    row = compare(record_training(backend_of(d2l), given), given)
    assert row.first_outside is None, row


@pytest.mark.parametrize('at', ['the start', 'the end'])
@pytest.mark.parametrize('model', MODELS)
def test_gradients_agree(d2l, model, at):
    """Those of each parameter, seen in one step at a large learning rate."""
    given = problem_of(model)
    last = given.expected()[-1].parameters
    start = given.start if at == 'the start' else given.start | last
    one = dataclasses.replace(given, arrays=given.batches()[0], start=start, lr=LARGE_LR)
    one.num_steps = one.num_epochs = 1
    found = record_training(backend_of(d2l), one).parameters
    expected = one.expected()[0].gradients
    largest = max(abs(array).max() for array in expected.values())
    for name, array in expected.items():
        moved = (one.start[name].astype(np.float64) - found[name][0]) / LARGE_LR
        assert abs(moved - array).max() < 2e-5 * largest, name


@pytest.mark.parametrize('model', MODELS)
def test_the_references_gradients_are_central_differences(model):
    """Along the gradient of each parameter: the loss changes by its squared norm."""
    given = problem_of(model, 'float64')
    values = {name: Value(array) for name, array in given.parameters.items()}
    batch = given.batches()[0]
    found = gradients(given.loss(values, *batch), values)
    for name, grad in found.items():
        size = np.linalg.norm(grad)
        if size < 1e-12:  # as of a bias before a normalisation, which takes it out again
            continue
        up, down = (
            given.loss(values | {name: Value(given.start[name] + step * grad / size)}, *batch).array
            for step in (1e-5, -1e-5)
        )
        assert (up - down) / 2e-5 == pytest.approx(size, rel=1e-4), name


@pytest.mark.parametrize('model', MODELS)
def test_the_training_is_worth_comparing(model):
    """The loss falls, no parameter is without effect, and no two batches are alike."""
    given = problem_of(model)
    steps = given.expected()
    assert len(steps) >= 20 and steps[-1].loss < steps[0].loss
    assert len({step.loss for step in steps}) == len(steps)
    norms = {name: np.linalg.norm(array) for name, array in steps[0].gradients.items()}
    without = {name for name, norm in norms.items() if norm < 1e-12}
    # A normalisation takes out the bias of the convolution before it.
    assert all('conv' in name or name == 'net.0.bias' for name in without), without
