"""What a model is like after `fit`: as the framework knows it, in evaluation mode."""

import copy
import pickle

import numpy as np
import pytest
from contract import backend_of, require, small_data
from models import dropout_model
from trainings import evaluate


def fit(d2l, model, data=None, **kwargs):
    trainer = d2l.Trainer(**{'max_epochs': 1} | kwargs)
    trainer.fit(model, data or small_data(d2l))
    return trainer


def features(d2l):
    return d2l.DataModule.tensor(np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32))


def predictions(d2l, trainer, model, X):
    if backend_of(d2l) == 'jax':
        return d2l.numpy(model.apply({'params': trainer.state.params}, X))
    y_hat = model(X)
    return d2l.numpy(y_hat.detach() if backend_of(d2l) == 'pytorch' else y_hat)


COPIES = [
    copy.deepcopy,
    copy.copy,
    lambda model: pickle.loads(pickle.dumps(model)),
]


@pytest.mark.parametrize('copied', COPIES, ids=['deepcopy', 'copy', 'pickle'])
@pytest.mark.parametrize('name', ['LinearRegressionScratch', 'LinearRegression'])
def test_a_trained_model_can_be_copied(d2l, name, copied):
    model = getattr(d2l, name)(*([2, 0.1] if 'Scratch' in name else [0.1]))
    trainer = fit(d2l, model)
    X = features(d2l)
    expected = predictions(d2l, trainer, model, X)
    assert abs(expected).max() > 0.1
    again = copied(model)
    assert again is not model and type(again) is type(model)
    np.testing.assert_array_equal(predictions(d2l, trainer, again, X), expected)
    # The trainer, with all its data, stays behind.
    assert getattr(again, 'trainer', None) is None or copied is copy.copy
    if copied is not copy.copy:
        # And what is copied can be trained itself, and leaves the first as it is.
        fit(d2l, again)
        np.testing.assert_array_equal(predictions(d2l, trainer, model, X), expected)


@pytest.mark.parametrize('copied', [COPIES[0], COPIES[2]], ids=['deepcopy', 'pickle'])
def test_a_trained_network_of_images_can_be_copied(d2l, copied):
    if backend_of(d2l) == 'nnx' and copied is COPIES[2]:
        pytest.skip('functions of JAX, such as a sigmoid, cannot be pickled')
    model = d2l.LeNet(lr=0.1)
    trainer = fit(d2l, model, d2l.Digits(batch_size=512, resize=(28, 28)))
    X = np.random.default_rng(0).random((2, 28, 28, 1), np.float32)
    expected = evaluate(d2l, trainer, X)
    trainer.model = copied(model)
    vars(trainer).pop('jitted_apply', None)
    np.testing.assert_allclose(evaluate(d2l, trainer, X), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('num_val', [0, 32])
@pytest.mark.parametrize('compile', [None, False])
def test_it_predicts_the_same_twice(d2l, num_val, compile):
    """In evaluation mode, so nothing is dropped, though there was no validation."""
    model = dropout_model(d2l)
    trainer = fit(d2l, model, small_data(d2l, num_val=num_val), compile=compile)
    assert model.training is False if hasattr(model, 'training') else True
    X = features(d2l)
    first = predictions(d2l, trainer, model, X)
    assert abs(first).max() > 0
    for _ in range(3):
        np.testing.assert_array_equal(predictions(d2l, trainer, model, X), first)


def test_also_when_it_ended_by_an_exception(d2l):
    class Stop(d2l.Callback):
        def on_train_batch_end(self, trainer, model):
            raise KeyError('stop')

    model = dropout_model(d2l)
    with pytest.raises(KeyError, match='stop'):
        fit(d2l, model, callbacks=[Stop()])
    X = features(d2l)
    first, second = (predictions(d2l, model.trainer, model, X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_weights_of_convolutions_can_be_viewed():
    d2l = require('pytorch')
    import torch
    from torch import nn

    model = d2l.LeNet(lr=0.1)
    fit(d2l, model, d2l.Digits(batch_size=512, resize=(28, 28)))
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 2
    for layer in convolutions:
        assert layer.weight.view(len(layer.weight), -1).shape[0] == len(layer.weight)
        assert layer.weight.is_contiguous()
    vector = nn.utils.parameters_to_vector(model.parameters())
    assert vector.numel() == sum(p.numel() for p in model.parameters())
    assert torch.isfinite(vector).all()


def test_a_model_is_a_keras_model():
    d2l = require('tensorflow')
    d2l.seed_everything(0)
    model = d2l.LinearRegression(lr=0.03)
    fit(d2l, model, max_epochs=3)
    data = small_data(d2l)
    X, y = data.X[:32], data.y[:32]
    expected = d2l.numpy(model(X, training=False))
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5)
    model.compile(loss='mse')
    mean = np.mean((expected - d2l.numpy(y)) ** 2)
    assert model.evaluate(X, y, verbose=0) == pytest.approx(mean, rel=1e-4)
    # And trains as before.
    fit(d2l, model)


def test_dropout_of_a_keras_model_is_told_by_training():
    d2l = require('tensorflow')
    model = dropout_model(d2l)
    fit(d2l, model)
    X = d2l.ones((64, 2))
    drawn = [d2l.numpy(model(X, training=True)) for _ in range(2)]
    assert (drawn[0] != drawn[1]).any()
    still = [d2l.numpy(model(X, training=False)) for _ in range(2)]
    np.testing.assert_array_equal(*still)


def test_a_typed_key_of_jax_trains_and_resumes(tmp_path):
    d2l = require('jax')
    import jax

    def run(max_epochs, key, **kwargs):
        d2l.seed_everything(0)
        data = small_data(d2l, num_train=100)
        path = tmp_path / 'x'
        trainer = d2l.Trainer(max_epochs, checkpoint_every=4, checkpoint_path=path)
        trainer.fit(dropout_model(d2l), data, key=key, **kwargs)
        return trainer.get_parameters()

    expected = run(3, jax.random.key(1))
    run(2, jax.random.key(1))
    resumed = run(3, jax.random.key(1), ckpt_path=tmp_path / 'x')
    for name, array in expected.items():
        np.testing.assert_array_equal(resumed[name], array)
