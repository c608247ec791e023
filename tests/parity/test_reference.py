"""The reference itself: against the closed form, finite differences and what one can count."""

import numpy as np
import pytest

from d2lite.parity import reference

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
Y = X @ [[2.0], [-3.4], [1.0]] + 4.2 + 0.5 * RNG.standard_normal((40, 1))
W, B = RNG.standard_normal((3, 1)), RNG.standard_normal(1)
ALL = np.arange(40)


def objective(w, b, weight_decay):
    return np.mean([(x @ w[:, 0] + b[0] - y[0]) ** 2 for x, y in zip(X, Y, strict=True)]) / 2 + (
        weight_decay / 2 * sum(w[:, 0] ** 2)
    )


@pytest.mark.parametrize('weight_decay', [0, 0.7])
def test_gradients_are_those_of_finite_differences(weight_decay):
    loss, gw, gb = reference.gradients(X, Y, W, B, weight_decay)
    assert loss == pytest.approx(objective(W, B, weight_decay), rel=1e-12)
    h = 1e-5
    for i in range(3):
        e = h * np.eye(3)[:, i : i + 1]
        slope = objective(W + e, B, weight_decay) - objective(W - e, B, weight_decay)
        assert gw[i, 0] == pytest.approx(slope / (2 * h), rel=1e-7)
    slope = objective(W, B + h, weight_decay) - objective(W, B - h, weight_decay)
    assert gb[0] == pytest.approx(slope / (2 * h), rel=1e-7)
    assert gw.shape == (3, 1) and gb.shape == (1,)


@pytest.mark.parametrize('weight_decay', [0, 0.7])
def test_gradient_descent_ends_at_the_closed_form(weight_decay):
    last = reference.train(X, Y, W, B, [ALL] * 300, lr=0.5, weight_decay=weight_decay)[-1]
    centred, labels = X - X.mean(axis=0), Y - Y.mean(axis=0)
    w = np.linalg.solve(
        centred.T @ centred / 40 + weight_decay * np.eye(3), centred.T @ labels / 40
    )
    b = Y.mean(axis=0) - X.mean(axis=0) @ w
    np.testing.assert_allclose(last.w, w, rtol=1e-12)
    np.testing.assert_allclose(last.b, b, rtol=1e-12)
    assert last.gradient_norm < 1e-12


def test_a_step_is_recorded_with_the_loss_before_and_the_parameters_after():
    first, second = reference.train(X, Y, W, B, [ALL, ALL], lr=0.1)
    _, gw, gb = reference.gradients(X, Y, W, B)
    np.testing.assert_allclose(first.w, W - 0.1 * gw)
    np.testing.assert_allclose(first.b, B - 0.1 * gb)
    assert first.gradient_norm == pytest.approx(np.linalg.norm([*gw[:, 0], *gb]))
    assert first.loss == pytest.approx(objective(W, B, 0))
    assert second.loss == pytest.approx(objective(first.w, first.b, 0))


def test_clipping_keeps_the_direction_and_limits_the_common_norm():
    (free,) = reference.train(X, Y, W, B, [ALL], lr=0.1)
    (clipped,) = reference.train(X, Y, W, B, [ALL], lr=0.1, gradient_clip_val=0.5)
    (loose,) = reference.train(X, Y, W, B, [ALL], lr=0.1, gradient_clip_val=1e3)
    assert clipped.gradient_norm == free.gradient_norm > 0.5
    step = np.concatenate([clipped.w - W, [clipped.b - B]]).ravel()
    free_step = np.concatenate([free.w - W, [free.b - B]]).ravel()
    assert np.linalg.norm(step) == pytest.approx(0.1 * 0.5)
    np.testing.assert_allclose(step / np.linalg.norm(step), free_step / np.linalg.norm(free_step))
    np.testing.assert_array_equal(loose.w, free.w)


def test_the_gradient_of_a_batch_is_that_of_its_rows():
    rows = np.array([7, 3, 11])
    (step,) = reference.train(X, Y, W, B, [rows], lr=1)
    error = X[rows] @ W + B - Y[rows]
    np.testing.assert_allclose(step.w, W - np.mean(error * X[rows], axis=0)[:, None])
    np.testing.assert_allclose(step.b, B - np.mean(error))


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
