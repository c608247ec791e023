"""What is TensorFlow's alone: raw variables and Keras layers on one Module, Keras 2 and 3."""

import os

import numpy as np
import pytest
from contract import python, require, small_data

d2l = require('tensorflow')
import tensorflow as tf  # noqa: E402

from d2lite.data.memory import aligned  # noqa: E402
from d2lite_tensorflow import compiled as compilation  # noqa: E402
from d2lite_tensorflow import data

pytestmark = pytest.mark.usefixtures('tensorflow')


@pytest.fixture
def tensorflow():
    d2l.seed_everything(0)


class Mixed(d2l.Module):
    """A Keras layer, a variable of its own, one in a nested module, and one not to be trained."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = tf.keras.layers.Dense(1, use_bias=False)
        self.b = tf.Variable(tf.zeros(1))
        self.frozen = tf.Variable(tf.ones(1), trainable=False)
        self.scale = Scale()

    def forward(self, X):
        return self.scale(self.layer(X)) + self.b * self.frozen

    def loss(self, y_hat, y):
        return d2l.reduce_mean(d2l.squared_loss(y_hat, y))

    def configure_optimizers(self):
        return tf.keras.optimizers.SGD(self.lr)


class Scale(d2l.Module):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(tf.ones(1))

    def forward(self, X):
        return X * self.factor


def test_tensors_of_data_are_copies_that_tensorflow_takes_as_they_are(monkeypatch):
    array = np.arange(12.0, dtype='>f4').reshape(3, 4)[:, ::2]
    copies = []
    monkeypatch.setattr(data, 'aligned', lambda array: copies.append(aligned(array)) or copies[0])
    tensor = d2l.DataModule.tensor(array)
    array[:] = -1
    np.testing.assert_array_equal(tensor, [[0, 2], [4, 6], [8, 10]])
    copies[0][0, 0] = 7
    assert tensor.dtype == tf.float32 and float(tensor[0, 0]) == 7
    assert copies.pop().ctypes.data % 64 == 0  # the tensor keeps the memory
    assert float(tf.reduce_sum(tensor)) == 37
    assert d2l.DataModule.tensor(np.zeros((0, 3))).shape == (0, 3)
    assert d2l.DataModule.tensor(np.array(['a', 'b'])).dtype == tf.string
    assert d2l.DataModule.tensor(np.array([True])).dtype == tf.bool


class Counting(d2l.LinearRegressionScratch):
    """Weighs the losses of validation batches by how many there were."""

    def __init__(self):
        super().__init__(2, lr=0.1, sigma=0)
        self.count = tf.Variable(0.0, trainable=False)

    def validation_step(self, batch):
        self.count.assign_add(1.0)
        loss = self.loss(self(batch[0]), batch[1])
        self.plot('loss', loss * self.count, train=False)


@pytest.mark.parametrize('num_val', [16, 40, 70])
def test_a_short_validation_is_the_same_with_a_loop_and_without(monkeypatch, num_val):
    found = {}
    for most in (1000, 0):
        monkeypatch.setattr(compilation, 'MOST_OPERATIONS', most)
        d2l.seed_everything(0)
        trainer = d2l.Trainer(max_epochs=3)
        trainer.fit(Counting(), small_data(d2l, num_val=num_val))
        assert bool(trainer.compiled.programs[1].whole) is bool(most)
        found[most] = [epoch['val_loss'] for epoch in trainer.history]
    d2l.seed_everything(0)
    plain = d2l.Trainer(max_epochs=3, compile=False)
    plain.fit(Counting(), small_data(d2l, num_val=num_val))
    expected = [epoch['val_loss'] for epoch in plain.history]
    assert found[1000] == pytest.approx(expected, rel=1e-5)
    assert found[0] == pytest.approx(expected, rel=1e-5)


def test_raw_variables_and_layers_both_train():
    model = Mixed()
    model.apply_init([tf.ones((1, 2))])
    before = [np.array(variable) for variable in model.trainable_variables]
    assert len(before) == 3
    trainer = d2l.Trainer(max_epochs=5)
    trainer.fit(model, small_data(d2l))
    after = [np.array(variable) for variable in model.trainable_variables]
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert np.array(model.frozen) == 1
    assert trainer.history[-1]['val_loss'] < 0.5 < trainer.history[0]['val_loss']


def test_every_variable_is_listed_once():
    model = Mixed()
    model.apply_init([tf.ones((1, 2))])
    model.again = model.b
    assert len({id(v) for v in model.variables}) == len(model.variables)
    assert len(model.trainable_variables) == 3
    assert any(variable is model.frozen for variable in model.non_trainable_variables)


@pytest.mark.parametrize('when', ['in the class', 'added'])
def test_a_loss_method_survives(when):
    class Model(d2l.Module):
        if when == 'in the class':

            def loss(self, y_hat, y):
                return 'mine'

    if when == 'added':

        @d2l.add_to_class(Model)
        def loss(self, y_hat, y):
            return 'mine'

    assert Model().loss(None, None) == 'mine'


def test_float64_is_not_rounded_on_the_way_in():
    class Model(d2l.Module):
        def forward(self, X):
            return X

    x = tf.constant([[1 + 1e-12]], tf.float64)
    assert Model()(x).dtype == tf.float64


def test_dropout_is_on_in_training_and_off_in_validation():
    model = d2l.Module()
    model.net = tf.keras.Sequential([tf.keras.layers.Dropout(0.5)])
    X = tf.ones((100, 10))
    model.training = True
    assert (np.array(model(X)) == 0).mean() == pytest.approx(0.5, abs=0.1)
    model.training = False
    assert (np.array(model(X)) == 1).all()


def test_keras_is_the_one_asked_for():
    legacy = os.environ.get('TF_USE_LEGACY_KERAS') == '1'
    assert ('Keras 2.' if legacy else 'Keras 3.') in d2l.framework.version()


def test_keras_on_another_backend_is_one_clear_error():
    require('jax')
    if os.environ.get('TF_USE_LEGACY_KERAS') == '1':
        pytest.skip('Keras 2 has no other backends')
    process = python('from d2lite import tensorflow', KERAS_BACKEND='jax')
    assert 'Keras runs on jax here' in process.stderr
    assert 'KERAS_BACKEND=tensorflow' in process.stderr


def test_legacy_keras_that_is_missing_is_one_clear_error(tmp_path):
    (tmp_path / 'tf_keras.py').write_text('raise ImportError("hidden")')
    process = python(
        'from d2lite import tensorflow', TF_USE_LEGACY_KERAS='1', PYTHONPATH=str(tmp_path)
    )
    assert 'TF_USE_LEGACY_KERAS=1 asks for Keras 2, which is not installed' in process.stderr
    assert 'pip install tf-keras' in process.stderr
