"""xavier_uniform: the same initial parameters on every backend."""

import functools

import numpy as np
import pytest
from contract import backend_of, require
from trainings import train

MODELS = {
    'SoftmaxRegression': (dict(num_outputs=4, lr=0.1), (5, 6, 3)),
    'MLP': (dict(num_outputs=4, num_hiddens=9, lr=0.1), (5, 6, 3)),
    'LeNet': (dict(), (28, 28, 2)),
    'ResNet': (dict(arch=((1, 4), (2, 6))), (5, 6, 3)),
}


@functools.cache
def built(backend, name):
    """The trainer of a built-in model that has not trained, and the parameters it was made with."""
    d2l = require(backend)
    d2l.seed_everything(0)
    kwargs, shape = MODELS[name]
    X = np.zeros((2, *shape), np.float32)
    run = train(d2l, getattr(d2l, name)(**kwargs), [(X, [0, 1])], max_epochs=0)
    return run.trainer, run.parameters[0]


@pytest.mark.parametrize('name', MODELS)
def test_parameters_are_the_same_numbers_under_the_same_names(d2l, name):
    trainer, own = built(backend_of(d2l), name)
    first = d2l.xavier_uniform(5)(own)
    expected = require('pytorch').xavier_uniform(5)(built('pytorch', name)[1])
    assert sorted(first) == sorted(own) == sorted(expected)
    for key, array in first.items():
        np.testing.assert_array_equal(array, expected[key], strict=True)
    trainer.serialization.set_parameters(trainer, first)
    for key, array in trainer.serialization.get_parameters(trainer).items():
        np.testing.assert_array_equal(array, first[key], strict=True)


@pytest.mark.parametrize('name', MODELS)
def test_bounds_biases_and_scales(d2l, name):
    _, own = built(backend_of(d2l), name)
    for key, array in d2l.xavier_uniform(0)(own).items():
        kind, field = key.rpartition('.')[2], int(np.prod(array.shape[:-2]))
        assert array.dtype == np.float32 and array.shape == own[key].shape
        if array.ndim == 1:
            assert (array == {'weight': 1, 'running_var': 1}.get(kind, 0)).all(), key
        else:
            bound = np.sqrt(6 / (field * sum(array.shape[-2:])))
            assert abs(array).max() <= bound * (1 + 1e-6), key
            if array.size > 100:
                assert abs(array).max() > 0.95 * bound, key
                assert array.std() == pytest.approx(bound / np.sqrt(3), rel=0.1), key


def test_the_seed_decides(d2l):
    _, own = built(backend_of(d2l), 'MLP')

    def weight(seed=None):
        return d2l.xavier_uniform(seed)(own)['net.0.weight']

    np.testing.assert_array_equal(weight(1), weight(1))
    assert abs(weight(1) - weight(2)).max() > 0.1
    d2l.seed_everything(3)
    first, second = weight(), weight()
    assert abs(first - second).max() > 0.1
    d2l.seed_everything(3)
    np.testing.assert_array_equal(weight(), first)
    function = d2l.xavier_uniform()  # has its seed from when it was made
    np.testing.assert_array_equal(function(own)['net.0.weight'], function(own)['net.0.weight'])


def test_layers_do_not_share_their_numbers(d2l):
    _, own = built(backend_of(d2l), 'ResNet')
    found = d2l.xavier_uniform(0)(own)
    same = [found[f'net.{stage}.conv2.weight'] for stage in ('3.0', '3.1')]
    assert same[0].shape == same[1].shape and abs(same[0] - same[1]).max() > 0.1


def test_training_starts_from_them(d2l):
    kwargs, shape = MODELS['MLP']
    X = np.ones((2, *shape), np.float32)
    run = train(d2l, d2l.MLP(**kwargs), [(X, [0, 1])], init_params=d2l.xavier_uniform(7))
    expected = d2l.xavier_uniform(7)(run.parameters[0])
    hidden = np.maximum(X.reshape(2, -1) @ expected['net.0.weight'], 0)
    logits = hidden @ expected['net.1.weight']
    loss = np.log(np.exp(logits).sum(axis=1)) - logits[[0, 1], [0, 1]]
    assert run.losses[0] == pytest.approx(loss.mean(), rel=1e-5)
