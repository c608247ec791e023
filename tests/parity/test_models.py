"""Every built-in model against the reference: losses, parameters and gradients, step by step."""

import dataclasses
import functools
import inspect

import numpy as np
import pytest
from contract import backend_of, require

from d2lite.interface import NAMES
from d2lite.parity import MODELS, compare, record_training, standard_problem
from d2lite.parity.data import PAD
from d2lite.parity.tape import Value, gradients

# So large that rounding the parameters says nothing against the gradient.
LARGE_LR = 2.0**10


@functools.cache
def problem_of(model, dtype='float32'):
    return standard_problem(model, dtype=dtype)


@pytest.mark.parametrize('model', MODELS)
def test_float32_agrees_step_by_step(d2l, model):
    row = compare(record_training(backend_of(d2l), problem_of(model)), problem_of(model))
    assert row.first_outside is None, row


@pytest.mark.parametrize('model', MODELS)
def test_float64_agrees_step_by_step_where_it_is_possible(d2l, model):
    given = problem_of(model, 'float64')
    if backend_of(d2l) not in MODELS[model].float32_only:
        row = compare(record_training(backend_of(d2l), given), given)
        assert row.first_outside is None, row
        return
    try:
        row = compare(record_training(backend_of(d2l), given), given)
    except Exception as error:  # each framework has another one
        assert 'float' in str(error) or 'not implemented' in str(error)
    else:
        assert row.first_outside is not None, 'it is possible after all'


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
    convolutions = ('net.0.bias', 'conv1.bias', 'conv2.bias')
    assert all(model == 'ResNet' and name.endswith(convolutions) for name in without), without


@pytest.mark.parametrize('model', MODELS)
def test_the_training_is_stable(model):
    """It enlarges what a framework rounds, and would not be comparable if it did so a lot."""
    given, rng = problem_of(model, 'float64'), np.random.default_rng(0)

    def deviated(array):
        return array * (1 + 1e-8 * rng.standard_normal(array.shape))

    start = {name: deviated(array) for name, array in given.parameters.items()}
    found, expected = given.trained(start, given.batches())[-1], given.expected()[-1]
    largest = max(abs(array).max() for array in expected.parameters.values())
    for name, array in expected.parameters.items():
        assert abs(found.parameters[name] - array).max() < 100e-8 * largest, name


@pytest.mark.parametrize('model', ['Seq2Seq', 'Seq2SeqAttention', 'Transformer'])
def test_padding_and_valid_lengths_of_0_are_among_the_data(model):
    source, target, lens, labels = problem_of(model).arrays
    assert sorted(set(lens)) == list(range(source.shape[1] + 1))
    assert all(
        (row[n:] == PAD).all() and (row[:n] != PAD).all()
        for row, n in zip(source, lens, strict=True)
    )
    assert (target[:, 1:] == labels[:, :-1]).all() and 0.1 < (labels == PAD).mean() < 0.5


def test_every_model_that_has_a_learning_rate_is_there():
    d2l = require('pytorch')
    made = {base for each in MODELS.values() for base in type(each.make(d2l, 0.1)).__mro__}
    offered = {name: getattr(d2l, name) for name in NAMES}
    models = {name: each for name, each in offered.items() if inspect.isclass(each)}
    trained = [
        name
        for name, each in models.items()
        if issubclass(each, d2l.Module) and 'lr' in inspect.signature(each).parameters
    ]
    assert len(trained) > 10 and [name for name in trained if models[name] not in made] == []
