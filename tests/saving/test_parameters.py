"""Parameters move between frameworks."""

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require, small_data

MODELS = ['LinearRegressionScratch', 'LinearRegression']


def model_of(d2l, name):
    return getattr(d2l, name)(*([2, 0.03] if 'Scratch' in name else [0.03]))


def fit(d2l, name, max_epochs, **kwargs):
    d2l.seed_everything(0)
    data = small_data(d2l)
    trainer = d2l.Trainer(max_epochs=max_epochs)
    trainer.fit(model_of(d2l, name), data, **kwargs)
    return trainer


@pytest.mark.parametrize('name', MODELS)
@pytest.mark.parametrize('source', BACKENDS)
def test_a_model_trained_on_one_continues_on_another(d2l, tmp_path, name, source):
    require(source).seed_everything(0)
    path = tmp_path / 'p.safetensors'
    first = fit(require(source), name, max_epochs=2)
    first.save_parameters(path)
    # Both go on for an epoch over the same batches.
    there = fit(require(source), name, 1, init_params=require(source).load_parameters(path))
    here = fit(d2l, name, 1, init_params=d2l.load_parameters(path))
    for key in ('train_loss', 'val_loss'):
        assert here.history[0][key] == pytest.approx(there.history[0][key], rel=1e-6)
    assert here.history[0]['val_loss'] < first.history[-1]['val_loss']


@pytest.mark.parametrize('name', MODELS)
def test_names_and_layouts_are_neutral(d2l, name, tmp_path):
    fit(d2l, name, 1).save_parameters(tmp_path / 'p')
    shapes = {key: array.shape for key, array in d2l.load_parameters(tmp_path / 'p').items()}
    if name == 'LinearRegressionScratch':
        assert shapes == {'w': (2, 1), 'b': (1,)}
    else:
        assert shapes == {'net.weight': (2, 1), 'net.bias': (1,)}


@pytest.mark.parametrize('name', MODELS)
def test_a_trained_model_takes_parameters_over(d2l, name, tmp_path):
    trainer = fit(d2l, name, 1)
    trainer.save_parameters(tmp_path / 'p')
    saved = d2l.load_parameters(tmp_path / 'p')
    other = fit(d2l, name, 2)
    other.load_parameters(tmp_path / 'p')
    for key, array in other.serialization.get_parameters(other).items():
        np.testing.assert_array_equal(array, saved[key], strict=True)


def test_parameters_that_do_not_fit_are_one_error_that_lists_them(d2l):
    arrays = {'w': np.zeros((3, 1)), 'v': np.zeros(1)}
    with pytest.raises(ValueError) as caught:
        fit(d2l, 'LinearRegressionScratch', 1, init_params=arrays)
    message = str(caught.value)
    assert 'init_params does not fit the model' in message
    assert 'missing: b (1,)' in message
    assert 'unknown: v (1,)' in message
    assert 'w has shape (3, 1), the model (2, 1)' in message


def test_parameters_that_do_not_fit_leave_the_model_alone(d2l, tmp_path):
    fit(d2l, 'LinearRegression', 1).save_parameters(tmp_path / 'p')
    trainer = fit(d2l, 'LinearRegressionScratch', 1)
    before = trainer.serialization.get_parameters(trainer)
    with pytest.raises(ValueError, match='does not fit the model'):
        trainer.load_parameters(tmp_path / 'p')
    for key, array in trainer.serialization.get_parameters(trainer).items():
        np.testing.assert_array_equal(array, before[key])


def test_training_starts_from_what_is_given(d2l):
    given = {'w': np.array([[2.0], [-3.4]], np.float32), 'b': np.array([4.2], np.float32)}
    trainer = fit(d2l, 'LinearRegressionScratch', 1, init_params=given)
    assert trainer.history[0]['train_loss'] < 1e-3
    assert backend_of(d2l) == trainer.backend
    np.testing.assert_array_equal(given['w'], [[np.float32(2)], [np.float32(-3.4)]])


def scaled_layer(d2l):
    """Linear regression whose layer has a `weight` (2, 1) and a `scale` (1,) of its own."""
    backend = backend_of(d2l)
    if backend == 'jax':
        from flax import linen as nn

        class Scaled(nn.Module):
            @nn.compact
            def __call__(self, X):
                weight = self.param('weight', nn.initializers.ones, (2, 1))
                return X @ weight * self.param('scale', nn.initializers.ones, (1,))

        class Model(d2l.LinearRegression):
            def setup(self):
                self.net = Scaled()

        return Model(lr=0.03)
    if backend == 'pytorch':
        import torch

        class Scaled(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = torch.nn.Parameter(torch.ones(2, 1))
                self.scale = torch.nn.Parameter(torch.ones(1))

            def forward(self, X):
                return X @ self.weight * self.scale

    elif backend == 'tensorflow':
        from d2lite_tensorflow.framework import keras

        class Scaled(keras.layers.Layer):
            def build(self, input_shape):
                self.weight = self.add_weight(name='weight', shape=(2, 1), initializer='ones')
                self.scale = self.add_weight(name='scale', shape=(1,), initializer='ones')

            def call(self, X):
                return d2l.matmul(X, self.weight) * self.scale

    elif backend == 'nnx':
        from flax import nnx

        class Scaled(nnx.Module):
            def __init__(self):
                self.weight, self.scale = nnx.Param(d2l.ones((2, 1))), nnx.Param(d2l.ones(1))

            def __call__(self, X):
                return d2l.matmul(X, self.weight) * self.scale

    else:
        from mxnet import gluon, init

        class Scaled(gluon.nn.Block):
            def __init__(self):
                super().__init__()
                self.weight = self.params.get('weight', shape=(2, 1), init=init.One())
                self.scale = self.params.get('scale', shape=(1,), init=init.One())
                self.initialize()

            def forward(self, X):
                return d2l.matmul(X, self.weight.data()) * self.scale.data()

    class Model(d2l.Module):
        loss = d2l.LinearRegression.loss
        configure_optimizers = d2l.LinearRegression.configure_optimizers

        def __init__(self):
            super().__init__()
            self.lr, self.net = 0.03, Scaled()

    return Model()


@pytest.mark.parametrize('source', BACKENDS)
def test_a_layer_with_two_parameters_that_others_call_the_same_loses_none(d2l, tmp_path, source):
    def train(d2l, **kwargs):
        d2l.seed_everything(0)
        trainer = d2l.Trainer(max_epochs=1)
        trainer.fit(scaled_layer(d2l), small_data(d2l), **kwargs)
        return trainer

    path = tmp_path / 'p'
    trained = train(require(source))
    trained.save_parameters(path)
    arrays = d2l.load_parameters(path)
    assert {name: array.shape for name, array in arrays.items()} == {
        'net.weight': (2, 1),
        'net.scale': (1,),
    }
    assert arrays['net.scale'] != 1
    there = train(d2l, init_params=arrays)
    here = train(require(source), init_params=arrays)
    assert there.history[0]['train_loss'] == pytest.approx(here.history[0]['train_loss'], rel=1e-6)
    assert here.history[0]['train_loss'] < trained.history[0]['train_loss']
