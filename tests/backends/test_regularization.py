"""Weight decay, dropout and gradient clipping: what they do to the steps of a training."""

import numpy as np
import pytest
from contract import backend_of
from networks import classifier, decaying_sgd
from trainings import evaluate, train

from d2lite.parity import networks, reference

RNG = np.random.default_rng(0)
X = RNG.standard_normal((16, 5)).astype(np.float32)
Y = RNG.integers(0, 3, 16)

LR, DECAY = 0.125, 0.5


def regression(d2l, kind):
    """Linear regression with the penalty DECAY / 2 * |w|^2, in the loss or by the optimizer."""

    class Model(d2l.LinearRegression):
        if kind == 'optimizer':
            configure_optimizers = decaying_sgd(d2l, DECAY)

        if kind == 'loss' and backend_of(d2l) == 'jax':

            def loss(self, params, X, y, state):
                w = params['net']['kernel']
                return super().loss(params, X, y, state) + DECAY / 2 * d2l.reduce_sum(w**2)

        elif kind == 'loss':

            def loss(self, y_hat, y):
                w, _ = self.get_w_b()
                if backend_of(d2l) in ('pytorch', 'mxnet'):
                    layer = self.net
                    w = layer.weight if backend_of(d2l) == 'pytorch' else layer.weight.data()
                else:
                    w = self.net.kernel
                return super().loss(y_hat, y) + DECAY / 2 * d2l.reduce_sum(w**2)

    return Model(lr=LR)


@pytest.mark.parametrize('kind', ['optimizer', 'loss', 'none'])
def test_weight_decay_is_the_gradient_of_the_penalty(d2l, kind):
    y = X @ RNG.standard_normal((5, 1)).astype(np.float32) + 4
    batches = [(X[i : i + 8], y[i : i + 8]) for i in (0, 8)] * 4
    start = {'net.weight': np.full((5, 1), 2, np.float32), 'net.bias': np.full(1, 3, np.float32)}
    run = train(d2l, regression(d2l, kind), batches, init_params=start)

    def loss(p, X, y):
        penalty = 0 if kind == 'none' else (p['net.weight'] ** 2).sum() * (DECAY / 2)
        return networks.linear_regression(p, X, y) + penalty

    steps = reference.train(loss, start, batches, LR)
    for found, expected in zip(run.parameters[1:], steps, strict=True):
        for name, array in expected.parameters.items():
            np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=1e-6)


RATE = 0.5
# Small, so that the errors of the logits hardly change from step to step.
WIDE = np.full((2, 400), 0.05, np.float32)


def with_dropout(d2l, seed, max_epochs=2):
    """A layer of 400 weights of 0 on equal inputs, of which dropout leaves half, at each step."""
    d2l.seed_everything(seed)
    start = {'net.0.weight': np.zeros((400, 2), np.float32), 'net.0.bias': np.zeros(2, np.float32)}
    model = classifier(d2l, ('dropout', RATE), ('dense', 2), lr=LR)
    return train(d2l, model, [(WIDE, [0, 0])] * 2, max_epochs=max_epochs, init_params=start)


def masks(run):
    """(steps, 400): the mean over the batch of what each unit was multiplied by."""
    gradients = [run.moved(step, LR) for step in range(len(run.losses))]
    # The gradient of a weight is the mean of (error of the logit) * (input after dropout).
    return np.stack([g['net.0.weight'][:, 0] / g['net.0.bias'][0] / WIDE[0] for g in gradients])


def test_dropout_drops_other_units_each_step_and_keeps_the_mean(d2l):
    found = masks(with_dropout(d2l, seed=0))
    assert found.shape == (4, 400)
    kept = 1 / (1 - RATE)
    # The first step, with the same error for both examples: both dropped, one, or none.
    np.testing.assert_allclose(found[0] * 2 / kept, np.round(found[0] * 2 / kept), atol=1e-4)
    counts = [np.mean(np.round(found[0] * 2 / kept) == count) for count in (0, 1, 2)]
    np.testing.assert_allclose(counts, [0.25, 0.5, 0.25], atol=0.1)
    # Of 400 units, which are 0 or 2 if one example has all the error: 4 standard deviations.
    assert abs(found.mean(axis=1) - 1).max() < 4 * 1 / 400**0.5
    for step in range(4):
        for other in range(step):
            assert np.mean(abs(found[step] - found[other]) > 0.1) > 0.4  # of the units


def test_evaluation_drops_nothing(d2l):
    run = with_dropout(d2l, seed=0)
    expected = WIDE @ run.parameters[-1]['net.0.weight'] + run.parameters[-1]['net.0.bias']
    np.testing.assert_allclose(evaluate(d2l, run.trainer, WIDE), expected, rtol=1e-4)


def test_dropout_follows_the_seed(d2l):
    first, again, other = (with_dropout(d2l, seed).parameters for seed in (0, 0, 1))
    for mine, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(mine['net.0.weight'], same['net.0.weight'])
    assert abs(first[-1]['net.0.weight'] - other[-1]['net.0.weight']).max() > 1e-4


@pytest.mark.parametrize('clip', [0, 0.05, 0.2, 1e6])
def test_the_norm_of_the_gradient_after_clipping_is_at_most_the_value(d2l, clip):
    model = d2l.MLP(num_outputs=3, num_hiddens=6, lr=LR)
    batches = [(3 * X[i : i + 4], Y[i : i + 4]) for i in range(0, 16, 4)]
    start = d2l.xavier_uniform(3)
    clipped = train(d2l, model, batches, init_params=start, gradient_clip_val=clip)
    free = train(d2l, d2l.MLP(num_outputs=3, num_hiddens=6, lr=LR), batches, init_params=start)
    norms = [norm(clipped.moved(step, LR)) for step in range(4)]
    first, first_free = clipped.moved(0, LR), free.moved(0, LR)
    assert norm(first_free) > 0.3
    if clip in (0, 1e6):
        for name, array in clipped.parameters[-1].items():
            np.testing.assert_allclose(array, free.parameters[-1][name], atol=1e-7)
    else:
        np.testing.assert_allclose(norms, clip, rtol=1e-4)  # each of them was larger
        for name, gradient in first.items():  # one factor for all of the layers
            expected = first_free[name] * clip / norm(first_free)
            np.testing.assert_allclose(gradient, expected, atol=2e-6)


def norm(gradients):
    return np.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for g in gradients.values()))
