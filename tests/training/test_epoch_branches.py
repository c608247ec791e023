"""Each branch of fit_epoch, with compiled steps and without, on data from `get_tensorloader`.

Batches from a loader of one's own take another way where steps are compiled: see the dropout.
"""

import numpy as np
import pytest
from contract import BACKENDS, require
from networks import classifier
from trainings import images, labels, train

from d2lite.parity import reference

RNG = np.random.default_rng(0)
X = RNG.standard_normal((18, 5)).astype(np.float32)
Y = RNG.integers(0, 3, 18)
LR, BATCH_SIZE, EPOCHS = 0.25, 8, 3
START = {
    'net.0.weight': RNG.standard_normal((5, 3)).astype(np.float32),
    'net.0.bias': RNG.standard_normal(3).astype(np.float32),
}

CASES = [(name, None) for name in BACKENDS] + [(name, False) for name in ('jax', 'tensorflow')]


@pytest.fixture(params=CASES, ids=lambda case: case[0] + ('' if case[1] is None else '-uncompiled'))
def case(request):
    return request.param


@pytest.fixture
def d2l(case):
    namespace = require(case[0])
    namespace.seed_everything(0)
    return namespace


@pytest.fixture
def compile(case):
    """The argument of Trainer: None compiles where a backend does, False never."""
    return case[1]


def fit(d2l, model, val=0, num_train=18, inputs=X, init_params=None, **kwargs):
    """Trains on the first rows of `inputs` in batches of 8, and validates on the first `val`."""

    class Data(d2l.DataModule):
        def __init__(self):
            self.batch_size = BATCH_SIZE
            self._seed, self._num_loaders = 0, 0  # an order that the referee knows

        def get_dataloader(self, train):
            n = num_train if train else val
            tensors = images(d2l, inputs[:n]), labels(d2l, Y[:n])
            return self.get_tensorloader(tensors, train) if n else None

    d2l.seed_everything(0)
    trainer = d2l.Trainer(max_epochs=EPOCHS, **kwargs)
    trainer.fit(model, Data(), init_params=init_params)
    return trainer


def found(trainer):
    return trainer.serialization.get_parameters(trainer)


def referee(num_train=18, clip=0):
    """Softmax regression in float64: losses and accuracies of each epoch, and the parameters."""
    w, b = (np.float64(array) for array in START.values())
    losses = []
    for rows in reference.minibatches(num_train, BATCH_SIZE, EPOCHS, [0, 1]):
        loss, probabilities = cross_entropy(X[rows] @ w + b, Y[rows])
        error = (probabilities - np.eye(3)[Y[rows]]) / len(rows)
        gw, gb = X[rows].T @ error, error.sum(axis=0)
        norm = np.sqrt(np.sum(gw**2) + np.sum(gb**2))
        factor = clip / norm if 0 < clip < norm else 1
        w, b = w - LR * factor * gw, b - LR * factor * gb
        losses.append(loss)
    return np.mean(np.reshape(losses, (EPOCHS, -1)), axis=1), {'net.0.weight': w, 'net.0.bias': b}


def cross_entropy(logits, y):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).mean(), p


@pytest.mark.parametrize('clip', [0, 0.2])
@pytest.mark.parametrize('num_train', [16, 18])
def test_plain_clipped_and_partial_batches_are_the_referees(d2l, compile, num_train, clip):
    """No batch statistics and no validation; 18 rows end in a batch of 2."""
    model = d2l.SoftmaxRegression(3, lr=LR)
    trainer = fit(
        d2l, model, num_train=num_train, init_params=START, gradient_clip_val=clip, compile=compile
    )
    losses, parameters = referee(num_train, clip)
    assert [e['train_loss'] for e in trainer.history] == pytest.approx(list(losses), rel=2e-5)
    for name, array in found(trainer).items():
        np.testing.assert_allclose(array, parameters[name], rtol=1e-5, atol=1e-5)
    assert trainer.train_batch_idx == EPOCHS * len(range(0, num_train, BATCH_SIZE))


def test_the_referee_clips_some_of_its_steps():
    (_, free), (_, clipped) = referee(), referee(clip=0.2)
    assert abs(free['net.0.weight'] - clipped['net.0.weight']).max() > 1e-2


def test_without_validation_data_nothing_is_validated(d2l, compile):
    trainer = fit(d2l, d2l.SoftmaxRegression(3, lr=LR), init_params=START, compile=compile)
    assert trainer.val_batch_idx == 0
    keys = {'epoch', 'seconds', 'compile_seconds', 'train_loss'}
    assert [set(e) for e in trainer.history] == [keys] * EPOCHS


@pytest.mark.parametrize('val', [8, 10])
def test_validation_is_by_the_parameters_after_each_epoch_and_trains_nothing(d2l, compile, val):
    trainer = fit(d2l, d2l.SoftmaxRegression(3, lr=LR), val, init_params=START, compile=compile)
    _, parameters = referee()
    after = found(trainer)
    for name, array in parameters.items():
        np.testing.assert_allclose(after[name], array, rtol=1e-5, atol=1e-5)
    batches = [slice(i, min(i + BATCH_SIZE, val)) for i in range(0, val, BATCH_SIZE)]
    logits = X @ parameters['net.0.weight'] + parameters['net.0.bias']
    losses = [cross_entropy(logits[rows], Y[rows])[0] for rows in batches]
    accuracies = [np.mean(logits[rows].argmax(axis=1) == Y[rows]) for rows in batches]
    assert trainer.history[-1]['val_loss'] == pytest.approx(np.mean(losses), rel=1e-4)
    assert trainer.history[-1]['val_acc'] == pytest.approx(np.mean(accuracies), rel=1e-6)
    assert trainer.val_batch_idx == EPOCHS * len(batches)


NETWORKS = {
    'of features': [('batch_norm_dense',), ('dense', 3)],
    # Compiled for JAX, convolutions have a program for each step, others one for the epoch.
    'of images': [('batch_norm',), ('conv', 2), ('flatten',), ('dense', 3)],
}


@pytest.mark.parametrize('val', [0, 8])
@pytest.mark.parametrize('network', NETWORKS)
def test_batch_statistics_are_those_of_every_training_batch(d2l, compile, network, val):
    inputs = X[:, None, :, None] if network == 'of images' else X
    model = classifier(d2l, *NETWORKS[network], lr=LR)
    start = d2l.xavier_uniform(0)
    trainer = fit(d2l, model, val, inputs=inputs, init_params=start, compile=compile)
    mean = 0
    for rows in reference.minibatches(18, BATCH_SIZE, EPOCHS, [0, 1]):
        axes = tuple(range(inputs.ndim - 1))
        mean = 0.9 * mean + 0.1 * inputs[rows].mean(axis=axes)
    np.testing.assert_allclose(found(trainer)['net.0.running_mean'], mean, atol=1e-6)


def test_gradients_are_clipped_where_there_are_batch_statistics(d2l, compile):
    """One batch an epoch: EPOCHS steps, of which none can be longer than the clipped one."""
    moved = []
    for clip in (0, 0.01):
        model, start = classifier(d2l, *NETWORKS['of features'], lr=LR), {}

        def initial(parameters, start=start):
            start.update(d2l.xavier_uniform(0)(parameters))
            return start

        options = dict(num_train=8, gradient_clip_val=clip, compile=compile)
        after = found(fit(d2l, model, init_params=initial, **options))
        steps = [after[name] - start[name] for name in after if 'running' not in name]
        moved.append(np.sqrt(sum(np.sum(step**2) for step in steps)) / LR)
    assert moved[0] > 0.1
    assert 0 < moved[1] <= EPOCHS * 0.01 * (1 + 1e-4)


WIDE = np.full((2, 200), 0.05, np.float32)


@pytest.mark.parametrize('layers', [[], [('batch_norm_dense',)]], ids=['without', 'with'])
@pytest.mark.parametrize('val', [False, True])
def test_dropout_drops_in_each_training_step_and_only_there(d2l, compile, layers, val):
    """Without and with batch statistics; and also in the epoch after a validation."""
    batch = [(WIDE, np.array([0, 0]))]
    model = classifier(d2l, ('dropout', 0.5), ('dense', 2), *layers, lr=LR)
    run = train(d2l, model, batch, batch if val else [], 4, d2l.xavier_uniform(0), compile=compile)
    moved = [run.moved(step, LR)['net.0.weight'] for step in range(4)]
    if layers:  # two equal rows would be normalised to nothing, did dropout not tell them apart
        assert all(abs(each).max() > 0 for each in moved)
    else:
        for each in moved:  # a unit that is dropped for both rows has no gradient
            assert np.mean(each[:, 0] == 0) == pytest.approx(0.25, abs=0.12)
    for step in range(4):
        for other in range(step):
            assert np.mean((moved[step] == 0) != (moved[other] == 0)) > 0.1 or layers
    if val and not layers:
        logits = WIDE @ run.parameters[-1]['net.0.weight'] + run.parameters[-1]['net.0.bias']
        loss, _ = cross_entropy(logits.astype(np.float64), [0, 0])
        assert run.trainer.history[-1]['val_loss'] == pytest.approx(loss, rel=1e-4)
