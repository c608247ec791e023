"""Modules and Keras layers within each other on TensorFlow, with any inputs and keywords."""

import os
import warnings

import numpy as np
import pytest
from contract import require
from trainings import train

d2l = require('tensorflow')
import tensorflow as tf  # noqa: E402

LEGACY = os.environ.get('TF_USE_LEGACY_KERAS') == '1'
layers = tf.keras.layers
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def seeded():
    d2l.seed_everything(0)


class Scaled(d2l.Module):
    """A layer and a variable; gives back its mode and what else it was given."""

    def __init__(self, units=4):
        super().__init__()
        self.dense = layers.Dense(units, kernel_initializer='ones')
        self.scale = tf.Variable(tf.ones(units))

    def forward(self, X, lens=None, flag=False):
        X = self.dense(X) * self.scale
        X = X if lens is None else X * lens
        return -X if flag else X


class Dropping(d2l.Module):
    def __init__(self):
        super().__init__()
        self.drop = layers.Dropout(0.5)

    def forward(self, X):
        return self.drop(X, training=self.training)


class WithKeywords(d2l.Module):
    def __init__(self):
        super().__init__()
        self.drop = layers.Dropout(0.5)

    def call(self, X, *others, **kwargs):
        return self.drop(X, **kwargs)


class Layer(layers.Layer):
    """A Keras layer with a module, a layer, and a list of layers in it."""

    def __init__(self):
        super().__init__()
        self.inner = Scaled()
        self.blocks = [layers.Dense(4), layers.Dense(4)]
        self.drop = Dropping()

    def call(self, X, lens=None, training=None):
        X = self.inner(X, lens)
        for block in self.blocks:
            X = block(X)
        return self.drop(X, training=training)


@pytest.mark.parametrize('call', [lambda model, *a, **k: model(*a, **k), Scaled.call])
def test_all_inputs_and_keywords_reach_forward(call):
    model, X, lens = Scaled(), tf.ones((2, 3)), tf.constant([[1.0], [2.0]])
    np.testing.assert_allclose(call(model, X), np.full((2, 4), 3))
    np.testing.assert_allclose(call(model, X, lens)[:, 0], [3, 6])
    np.testing.assert_allclose(call(model, X, lens=lens, flag=True)[:, 0], [-3, -6])
    np.testing.assert_allclose(call(model, X, lens, True, training=False)[:, 0], [-3, -6])


def zeros_in(X):
    return float((np.array(X) == 0).mean())


@pytest.mark.parametrize('make', [Dropping, WithKeywords])
def test_training_of_a_call_reaches_the_layers_within(make):
    model, X = make(), tf.ones((50, 20))
    assert zeros_in(model(X, training=True)) == pytest.approx(0.5, abs=0.1)
    assert zeros_in(model(X, training=False)) == 0 == zeros_in(model(X))
    model.training = True
    assert zeros_in(model(X, training=False)) == 0 and model.training is True
    assert zeros_in(model(X)) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize('make', [Dropping, WithKeywords, lambda: Wrapped(Dropping())])
def test_a_module_within_another_is_in_its_mode(make):
    outer, X = Wrapped(make()), tf.ones((50, 20))
    for training in (True, False):
        outer.training = training
        assert (zeros_in(outer(X)) > 0.3) is training
        assert (zeros_in(outer(X, training=not training)) > 0.3) is not training
    outer.training = True
    outer.inner.training = False  # it is told otherwise
    assert zeros_in(outer(X)) == 0


class Wrapped(d2l.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, X):
        return self.inner(X)


class Net(d2l.Classifier):
    """A Keras layer with modules in it; `call` in place of `forward`."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.first, self.last = Layer(), layers.Dense(3)

    def call(self, X):
        return self.last(self.first(X, training=self.training))


@pytest.mark.parametrize('compiled', [None, False])
def test_a_network_of_both_trains_and_all_its_parameters_are_there(compiled):
    if LEGACY and compiled is None:
        pytest.skip('Keras 2 draws dropout from tf.random, and such a step is not compiled')
    X, y = RNG.standard_normal((16, 5)).astype(np.float32), RNG.integers(0, 3, 16)
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)  # of Keras on layers that are not built
        run = train(d2l, Net(), [(X, y)] * 2, compile=compiled)
    first, *_, last = run.parameters
    expected = {'inner.scale', 'last.weight', 'last.bias'}
    expected |= {f'inner.dense.{name}' for name in ('weight', 'bias')}
    expected |= {f'blocks.{i}.{name}' for i in (0, 1) for name in ('weight', 'bias')}
    assert {name.removeprefix('first.') for name in first} == expected
    assert bool(run.trainer.compiled) is (compiled is None)
    assert [name for name in first if np.array_equal(first[name], last[name])] == []
    other = Net()
    trainer = d2l.Trainer(max_epochs=0)
    trainer.fit(other, Data(X, y), init_params=last)
    np.testing.assert_allclose(other(X, training=False), run.model(X, training=False), rtol=1e-5)


class Data(d2l.DataModule):
    batch_size = 8

    def __init__(self, X, y):
        self.tensors = tf.constant(X), tf.constant(y, 'int32')

    def get_dataloader(self, train):
        return self.get_tensorloader(self.tensors, train)


def test_a_module_is_a_layer_of_keras():
    X = tf.ones((2, 3))
    inputs = tf.keras.Input((3,))
    for model in (tf.keras.Sequential([Scaled()]), tf.keras.Model(inputs, Scaled()(inputs))):
        np.testing.assert_allclose(model(X), np.full((2, 4), 3))
        assert len(model.trainable_variables) == 3
        model.compile(loss='mse', optimizer='sgd')
        # Keras's own `fit` trains the variables of its layers only.
        before = [np.array(variable) for variable in model.trainable_weights]
        model.fit(X, tf.zeros((2, 4)), verbose=0)
        after = [np.array(variable) for variable in model.trainable_weights]
        assert len(after) >= 2
        assert not any(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


class EncoderDecoder(d2l.Classifier):
    """Two inputs and the lengths of one, as for sequence to sequence."""

    def __init__(self, lr=0.5):
        super().__init__()
        self.save_hyperparameters()
        self.encoder, self.decoder = Scaled(), Layer()
        self.dense = layers.Dense(3)

    def call(self, enc_X, dec_X, *args):
        return self.dense(self.decoder(self.encoder.call(enc_X, *args) + dec_X, training=False))


@pytest.mark.parametrize('compiled', [None, False])
def test_steps_pass_all_inputs_on(compiled):
    class Pairs(d2l.DataModule):
        batch_size = 8

        def get_dataloader(self, train):
            rng = np.random.default_rng(0)
            X, y = rng.standard_normal((16, 4)).astype('float32'), rng.integers(0, 3, 16)
            tensors = tf.constant(X), tf.constant(X), tf.ones((16, 1)), tf.constant(y, 'int32')
            return self.get_tensorloader(tensors, train)

    trainer = d2l.Trainer(max_epochs=10, compile=compiled)
    trainer.fit(EncoderDecoder(lr=0.001), Pairs())
    assert bool(trainer.compiled) is (compiled is None)
    assert trainer.history[-1]['train_loss'] < trainer.history[0]['train_loss']
