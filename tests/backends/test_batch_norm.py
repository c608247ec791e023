"""Batch normalisation: output and running statistics against NumPy, and on to other backends.

The running statistics move by a tenth to those of the batch, on every backend. The variance is the
biased one, the mean of the squared deviations, but for PyTorch, and Keras 2 on images, which divide
by n - 1.
"""

import functools

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require
from devices import on_device
from networks import classifier
from trainings import evaluate, images, random_parameters, train

MOMENTUM, EPSILON = 0.9, 1e-5
RNG = np.random.default_rng(0)


def statistics(d2l, X):
    """Mean and variance of each channel, the last axis, as the running statistics take them."""
    axes = tuple(range(X.ndim - 1))
    n = X.size // X.shape[-1]
    variance = X.var(axis=axes, dtype=np.float64)
    keras_2 = 'Keras 2' in d2l.framework.version()
    unbiased = backend_of(d2l) == 'pytorch' or (keras_2 and X.ndim == 4)
    return X.mean(axis=axes, dtype=np.float64), variance * n / (n - 1) if unbiased else variance


def normalized(X, mean, variance, parameters, layer):
    weight, bias = parameters[f'{layer}.weight'], parameters[f'{layer}.bias']
    return (X - mean) / np.sqrt(variance + EPSILON) * weight + bias


def in_training(d2l, trainer, X):
    """What the trained model puts out for X in the mode of training."""
    model, X = trainer.model, on_device(d2l, images(d2l, X))
    if backend_of(d2l) == 'pytorch':
        model.train()
        return d2l.numpy(model(X).detach())
    if backend_of(d2l) == 'mxnet':
        from mxnet import autograd

        with autograd.train_mode():
            return d2l.numpy(model(X))
    model.training = True
    if backend_of(d2l) == 'jax':
        variables = {'params': trainer.state.params, 'batch_stats': trainer.state.batch_stats}
        return d2l.numpy(model.apply(variables, X, mutable=['batch_stats'])[0])
    if backend_of(d2l) == 'nnx':
        model.train()
    return d2l.numpy(model(X))


CASES = {
    'images': ((6, 3, 5, 4), [('batch_norm',), ('flatten',)], 'net.0'),
    'features': ((6, 7), [('dense', 4), ('batch_norm_dense',)], 'net.1'),
}


@pytest.mark.parametrize('case', CASES)
def test_output_and_running_statistics_are_those_of_the_referee(d2l, case):
    shape, layers, name = CASES[case]
    rng = np.random.default_rng(1)
    batches = [
        ((3 + 2 * rng.standard_normal(shape)).astype(np.float32), np.arange(6) % 4)
        for _ in range(3)
    ]
    run = train(d2l, classifier(d2l, *layers, lr=0.1), batches, init_params=random_parameters(2))

    def inputs(X, parameters):
        return X if X.ndim == 4 else X @ parameters['net.0.weight'] + parameters['net.0.bias']

    mean, variance = (
        run.parameters[0][f'{name}.{each}'] for each in ('running_mean', 'running_var')
    )
    for step, (X, _) in enumerate(batches):
        new = statistics(d2l, inputs(X, run.parameters[step]))
        mean = MOMENTUM * mean + (1 - MOMENTUM) * new[0]
        variance = MOMENTUM * variance + (1 - MOMENTUM) * new[1]
        after = run.parameters[step + 1]
        np.testing.assert_allclose(after[f'{name}.running_mean'], mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(after[f'{name}.running_var'], variance, rtol=1e-5)
        assert np.abs(after[f'{name}.weight'] - run.parameters[step][f'{name}.weight']).max() > 1e-5
    X, last = batches[0][0], run.parameters[-1]
    evaluated = evaluate(d2l, run.trainer, X)
    expected = normalized(inputs(X, last), mean, variance, last, name)
    np.testing.assert_allclose(evaluated, flattened(d2l, expected), rtol=1e-4, atol=1e-5)
    # And in training by the statistics of the batch, where the variance is biased everywhere.
    Y = inputs(X, last)
    axes = tuple(range(Y.ndim - 1))
    expected = normalized(Y, Y.mean(axis=axes), Y.var(axis=axes), last, name)
    found = in_training(d2l, run.trainer, X)
    np.testing.assert_allclose(found, flattened(d2l, expected), rtol=1e-4, atol=1e-5)


def flattened(d2l, Y):
    if Y.ndim == 4 and backend_of(d2l) in ('pytorch', 'mxnet'):
        Y = Y.transpose(0, 3, 1, 2)
    return Y.reshape(len(Y), -1)


def test_running_statistics_are_updated_in_training_only(d2l):
    X = RNG.standard_normal((6, 4)).astype(np.float32)
    y = np.arange(6) % 3

    def fit(val):
        model = classifier(d2l, ('batch_norm_dense',), ('dense', 3))
        return train(d2l, model, [(X, y)], val, max_epochs=2, init_params=random_parameters(0))

    alone, validated = fit([]), fit([(X + 100, y)] * 3)
    for name, array in validated.trainer.serialization.get_parameters(validated.trainer).items():
        np.testing.assert_array_equal(array, alone.parameters[-1][name])
    moved = (
        validated.parameters[-1]['net.0.running_mean']
        - validated.parameters[0]['net.0.running_mean']
    )
    assert abs(moved).min() > 1e-3
    # Validation used them: with the statistics of its own batch, the shift would not be seen.
    last = validated.parameters[-1]
    hidden = normalized(
        X + 100, last['net.0.running_mean'], last['net.0.running_var'], last, 'net.0'
    )
    logits = hidden @ last['net.1.weight'] + last['net.1.bias']
    logits -= logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(6), y]
    assert validated.trainer.history[-1]['val_loss'] == pytest.approx(losses.mean(), rel=1e-4)


NETWORKS = {
    'LeNet': lambda d2l: d2l.LeNet(lr=0.1, num_classes=3),
    'MLP': lambda d2l: d2l.MLP(num_outputs=3, num_hiddens=5, lr=0.1),
    'ResNet': lambda d2l: d2l.ResNet(arch=((1, 4), (2, 6)), lr=0.1, num_classes=3),
    'ResNeXt': lambda d2l: classifier(
        d2l,
        *[('conv', 4), ('batch_norm',), ('relu',), ('resnext', 6, 2, 1, True, 2)],
        *[('flatten',), ('dropout', 0.5), ('dense', 3)],
    ),
}
SIZES = {'LeNet': (28, 28, 1), 'MLP': (3, 4, 3), 'ResNet': (5, 6, 3), 'ResNeXt': (5, 6, 3)}


@functools.cache
def trained(backend, name):
    """A trainer after two steps on images, which fits no other backend better than it was given."""
    d2l = require(backend)
    d2l.seed_everything(0)
    X = np.random.default_rng(3).uniform(0, 1, (4, *SIZES[name])).astype(np.float32)
    model = NETWORKS[name](d2l)
    return X, train(d2l, model, [(X, [0, 1, 2, 0])] * 2).trainer


@pytest.mark.parametrize('source', BACKENDS)
@pytest.mark.parametrize('name', NETWORKS)
def test_a_network_saved_on_one_backend_evaluates_the_same_on_another(d2l, tmp_path, name, source):
    X, there = trained(source, name)
    _, here = trained(backend_of(d2l), name)
    before = here.serialization.get_parameters(here)
    there.save_parameters(tmp_path / 'p')
    expected = evaluate(require(source), there, X)
    scale = abs(expected).max()
    own = evaluate(d2l, here, X)
    try:
        here.load_parameters(tmp_path / 'p')
        np.testing.assert_allclose(evaluate(d2l, here, X), expected, atol=1e-5 * scale)
    finally:
        here.serialization.set_parameters(here, before)
    if source != backend_of(d2l):
        assert abs(own - expected).max() > 1e-3 * scale  # it was another network before
