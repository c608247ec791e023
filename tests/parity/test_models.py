"""The classifiers of images against the reference; and the reference's training of all models."""

import inspect

import model_checks
import numpy as np
import pytest
from contract import require
from model_checks import problem_of

from d2lite.interface import NAMES
from d2lite.parity import MODELS, networks
from d2lite.parity.data import PAD
from d2lite.parity.tape import Value, gradients


@pytest.mark.parametrize('model', networks.MODELS)
def test_float32_agrees_step_by_step(d2l, model):
    model_checks.assert_float32_agrees(d2l, model)


@pytest.mark.parametrize('model', networks.MODELS)
def test_float64_agrees_step_by_step(d2l, model):
    model_checks.assert_float64_agrees_where_it_is_possible(d2l, model)


@pytest.mark.parametrize('model', networks.MODELS)
def test_gradients_agree(d2l, model):
    model_checks.assert_gradients_agree(d2l, model)


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
