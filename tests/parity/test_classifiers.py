"""Softmax regression, the MLP and LeNet against a reference in float64, step by step."""

import functools

import classifier_reference
import numpy as np
import pytest
from contract import require
from trainings import train

from d2lite.saving.initialization import xavier_uniform

NUM_STEPS, BATCH_SIZE = 20, 16
# Two backends that are this near to the reference are within 1e-4 of each other.
TOLERANCE = 5e-5

MODELS = {
    'SoftmaxRegression': dict(num_outputs=10),
    'MLP': dict(num_outputs=10, num_hiddens=32),
    'LeNet': dict(),
}
LR = {'SoftmaxRegression': 0.25, 'MLP': 0.25, 'LeNet': 0.5}


@functools.cache
def batches(name):
    """Real digits, enlarged to 28 x 28 for LeNet."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    X = (digits.images[: NUM_STEPS * BATCH_SIZE] / 16).astype(np.float32)
    if name == 'LeNet':
        X = np.pad(np.kron(X, np.ones((3, 3), np.float32)), ((0, 0), (2, 2), (2, 2)))
    y = digits.target
    rows = [slice(i * BATCH_SIZE, (i + 1) * BATCH_SIZE) for i in range(NUM_STEPS)]
    return [(X[r, :, :, None], y[r]) for r in rows]


def sizes(name):
    return {
        'SoftmaxRegression': [(64, 10)],
        'MLP': [(64, 32), (32, 10)],
        'LeNet': [(5, 5, 1, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, 10)],
    }[name]


@functools.cache
def expected(name):
    """The initial parameters and the reference's steps from there."""
    if name == 'LeNet':
        require('pytorch')
    empty = {}
    for layer, shape in enumerate(sizes(name)):
        empty[f'net.{layer}.weight'] = np.empty(shape, np.float32)
        empty[f'net.{layer}.bias'] = np.empty(shape[-1:], np.float32)
    start = xavier_uniform(0)(empty)
    return start, classifier_reference.steps(name, start, batches(name), LR[name])


def model_of(d2l, name, lr):
    return getattr(d2l, name)(**MODELS[name], lr=lr)


def assert_near(found, wanted, what):
    """Within the tolerance of the largest entry of each array."""
    assert sorted(found) == sorted(wanted)
    for name, array in wanted.items():
        deviation = abs(found[name] - array).max() / abs(array).max()
        assert deviation < TOLERANCE, f'{what}: {name} is off by {deviation:.2g}'


@pytest.mark.parametrize('name', MODELS)
def test_losses_and_parameters_agree_step_by_step(d2l, name):
    start, steps = expected(name)
    run = train(d2l, model_of(d2l, name, LR[name]), batches(name), init_params=start)
    assert len(run.losses) == NUM_STEPS
    np.testing.assert_allclose(run.losses, [step.loss for step in steps], rtol=TOLERANCE)
    for number, (found, step) in enumerate(zip(run.parameters[1:], steps, strict=True)):
        assert {array.dtype.name for array in found.values()} == {'float32'}
        assert_near(found, step.parameters, f'step {number}')
    assert steps[-1].loss < steps[0].loss


@pytest.mark.parametrize('step', [0, NUM_STEPS - 1])
@pytest.mark.parametrize('name', MODELS)
def test_gradients_agree(d2l, name, step):
    start, steps = expected(name)
    at = steps[step - 1].parameters if step else start
    at = {key: array.astype(np.float32) for key, array in at.items()}
    # So large that rounding the parameters says nothing against the gradient.
    lr = 2.0**10
    run = train(d2l, model_of(d2l, name, lr), [batches(name)[step]], init_params=at)
    assert_near(run.moved(0, lr), steps[step].gradients, f'step {step}')


def test_gradients_of_the_reference_are_those_of_finite_differences():
    start, _ = expected('MLP')
    start = {key: array + 0.01 for key, array in start.items()}  # no unit at its kink
    X, y = batches('MLP')[0]
    loss, gradients = classifier_reference.multilayer(start, np.float64(X), y)
    assert loss > 1
    for key, at in [('net.0.weight', (10, 3)), ('net.0.bias', 5), ('net.1.weight', (7, 2))]:
        h = np.zeros(start[key].shape)
        h[at] = 1e-5
        after, before = (
            classifier_reference.multilayer(start | {key: np.float64(start[key]) + d}, X, y)[0]
            for d in (h, -h)
        )
        assert gradients[key][at] == pytest.approx((after - before) / 2e-5, rel=1e-4, abs=1e-9)


def test_gradients_of_the_references_lenet_are_those_of_finite_differences():
    start, _ = expected('LeNet')
    X, y = batches('LeNet')[0]
    _, gradients = classifier_reference.lenet(
        {key: np.float64(array) for key, array in start.items()}, np.float64(X), y
    )
    for key in ('net.0.weight', 'net.1.bias', 'net.2.weight'):
        at = np.unravel_index(abs(gradients[key]).argmax(), gradients[key].shape)
        h = np.zeros(start[key].shape)
        h[at] = 1e-3
        after, before = (
            classifier_reference.lenet(
                {k: np.float64(a) + (d if k == key else 0) for k, a in start.items()},
                np.float64(X),
                y,
            )[0]
            for d in (h, -h)
        )
        assert gradients[key][at] == pytest.approx((after - before) / 2e-3, rel=1e-4)
