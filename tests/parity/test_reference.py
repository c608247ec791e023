"""The reference's training: against the closed form, gradients by hand and what one can count."""

import numpy as np
import pytest

from d2lite.parity import networks, reference

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
Y = X @ [[2.0], [-3.4], [1.0]] + 4.2 + 0.5 * RNG.standard_normal((40, 1))
START = {'w': RNG.standard_normal((3, 1)), 'b': RNG.standard_normal(1)}
ALL = (X, Y)


def train(batches, lr, weight_decay=0, **kwargs):
    def loss(p, X, y):
        penalty = (p['w'] ** 2).sum() * (weight_decay / 2)
        return networks.linear_regression_scratch(p, X, y) + penalty

    return reference.train(loss, START, batches, lr, **kwargs)


def by_hand(w, b, X=X, y=Y, weight_decay=0):
    """Loss 1/(2n) |Xw + b - y|^2 + weight_decay/2 |w|^2, and its gradients."""
    error = X @ w + b - y
    loss = np.sum(error**2) / (2 * len(X)) + weight_decay * np.sum(w**2) / 2
    return loss, X.T @ error / len(X) + weight_decay * w, error.mean(axis=0)


@pytest.mark.parametrize('weight_decay', [0, 0.7])
def test_a_step_has_the_loss_and_gradients_before_and_the_parameters_after(weight_decay):
    steps = train([ALL, ALL], 0.1, weight_decay)
    before = START
    for step in steps:
        loss, gw, gb = by_hand(before['w'], before['b'], weight_decay=weight_decay)
        assert step.loss == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(step.gradients['w'], gw, rtol=1e-12)
        np.testing.assert_allclose(step.gradients['b'], gb, rtol=1e-12)
        np.testing.assert_allclose(step.parameters['w'], before['w'] - 0.1 * gw, rtol=1e-12)
        np.testing.assert_allclose(step.parameters['b'], before['b'] - 0.1 * gb, rtol=1e-12)
        before = step.parameters


@pytest.mark.parametrize('weight_decay', [0, 0.7])
def test_gradient_descent_ends_at_the_closed_form(weight_decay):
    last = train([ALL] * 300, 0.5, weight_decay)[-1]
    centred, labels = X - X.mean(axis=0), Y - Y.mean(axis=0)
    w = np.linalg.solve(
        centred.T @ centred / 40 + weight_decay * np.eye(3), centred.T @ labels / 40
    )
    b = Y.mean(axis=0) - X.mean(axis=0) @ w
    np.testing.assert_allclose(last.parameters['w'], w, rtol=1e-12)
    np.testing.assert_allclose(last.parameters['b'], b, rtol=1e-12)
    assert reference.common_norm(last.gradients) < 1e-12


def test_clipping_keeps_the_direction_and_limits_the_common_norm():
    (free,) = train([ALL], 0.1)
    (clipped,) = train([ALL], 0.1, gradient_clip_val=0.5)
    (loose,) = train([ALL], 0.1, gradient_clip_val=1e3)
    assert reference.common_norm(free.gradients) > 0.5

    def moved(step):
        return np.concatenate([(step.parameters[n] - START[n]).ravel() for n in START])

    assert reference.common_norm(clipped.gradients) == reference.common_norm(free.gradients)
    assert np.linalg.norm(moved(clipped)) == pytest.approx(0.1 * 0.5)
    np.testing.assert_allclose(
        moved(clipped) / np.linalg.norm(moved(clipped)), moved(free) / np.linalg.norm(moved(free))
    )
    np.testing.assert_array_equal(moved(loose), moved(free))


def test_the_gradient_of_a_batch_is_that_of_its_rows():
    rows = np.array([7, 3, 11])
    (step,) = train([(X[rows], Y[rows])], 1)
    _, gw, gb = by_hand(START['w'], START['b'], X[rows], Y[rows])
    np.testing.assert_allclose(step.parameters['w'], START['w'] - gw)
    np.testing.assert_allclose(step.parameters['b'], START['b'] - gb)


def test_the_common_norm_is_that_of_all_entries():
    assert reference.common_norm({'w': np.array([[3.0], [0.0]]), 'b': np.array([4.0])}) == 5


def test_minibatches_are_a_new_permutation_each_epoch():
    batches = reference.minibatches(10, 4, 2, [3, 1])
    assert [len(rows) for rows in batches] == [4, 4, 2, 4, 4, 2]
    first, second = np.concatenate(batches[:3]), np.concatenate(batches[3:])
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(first) != list(second)
    np.testing.assert_array_equal(
        np.concatenate(reference.minibatches(10, 3, 1, [3, 1])), first, 'cut in another way'
    )
    assert list(np.concatenate(reference.minibatches(10, 4, 1, [4, 1]))) != list(first)
