"""What is TensorFlow's alone: raw variables and Keras layers on one Module, Keras 2 and 3."""

import copy
import os
import pickle

import numpy as np
import pytest
from contract import python, require, small_data

d2l = require('tensorflow')
import tensorflow as tf  # noqa: E402

from d2lite.training.callbacks import Callback  # noqa: E402
from d2lite_tensorflow import framework  # noqa: E402

LEGACY = os.environ.get('TF_USE_LEGACY_KERAS') == '1'

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


def test_tensors_of_data_are_copies_of_any_type():
    array = np.arange(12.0, dtype='>f4').reshape(3, 4)[:, ::2]
    tensor = d2l.DataModule.tensor(array)
    array[:] = -1
    np.testing.assert_array_equal(tensor, [[0, 2], [4, 6], [8, 10]])
    assert tensor.dtype == tf.float32
    assert d2l.DataModule.tensor(np.zeros((0, 3))).shape == (0, 3)
    assert d2l.DataModule.tensor(np.array(['a', 'b'])).dtype == tf.string
    assert d2l.DataModule.tensor(np.array([True])).dtype == tf.bool


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


class Shift(tf.keras.layers.Layer):
    """A lesson's own layer, which has no configuration."""

    def __init__(self, numbers):
        super().__init__()
        self.numbers = numbers

    def build(self, shape):
        self.shift = self.add_weight(name='shift', shape=(1,), initializer='zeros')

    def call(self, X):
        return X + self.shift + sum(self.numbers)


class Regularized(Mixed):
    """Dropout and layers within layers."""

    def __init__(self):
        super().__init__(lr=0.001)
        layers = tf.keras.layers
        self.net = tf.keras.Sequential([layers.Dense(3), layers.Dropout(0.5), Shift([1, 2])])
        self.unused = tf.Variable(1.0)

    def forward(self, X):
        return super().forward(self.net(X, training=self.training))


@pytest.mark.parametrize('twin', [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_trained_model_can_be_copied_and_trained_on(twin):
    model, X = Regularized(), tf.ones((4, 2))
    trainer = d2l.Trainer(max_epochs=1, compile=False)
    trainer.fit(model, small_data(d2l))
    expected = np.array(model(X))
    other = twin(model)
    np.testing.assert_array_equal(other(X), expected)
    assert not hasattr(other, 'trainer')
    trainer.fit(other, small_data(d2l))
    assert not np.array_equal(other(X), expected)
    np.testing.assert_array_equal(model(X), expected)


def test_keras_predicts_evaluates_and_fits():
    model, X, y = Regularized(), tf.ones((4, 2)), tf.ones((4, 1))
    d2l.Trainer(max_epochs=1).fit(model, small_data(d2l))
    np.testing.assert_allclose(model.predict(X, verbose=0), model(X), rtol=1e-5)
    model.compile(loss='mse', optimizer='sgd')
    assert model.evaluate(X, y, verbose=0) == pytest.approx(
        2 * float(model.loss(model(X), y)), rel=1e-4
    )
    model.fit(X, y, verbose=0)
    np.testing.assert_array_equal(model(X, training=False), model(X))
    assert not np.array_equal(model(X, training=True), model(X)) and model.training is False


def test_call_may_be_defined_in_place_of_forward():
    class Model(d2l.Module):
        def call(self, X, training=None):
            return X if training else -X

    model, X = Model(), tf.constant(1.0)
    model.training = True
    assert float(model(X)) == 1 and float(model(X, training=False)) == -1


@pytest.mark.parametrize('clip_val', [0, 1])
@pytest.mark.parametrize('optimizer', [d2l.SGD, tf.keras.optimizers.SGD])
@pytest.mark.parametrize('compiled', [None, False])
def test_a_parameter_without_gradient_stays_as_it_is(clip_val, optimizer, compiled):
    class Model(Mixed):
        def configure_optimizers(self):
            return optimizer(self.lr)

    model = Model()
    model.unused = tf.Variable(3.0)
    trainer = d2l.Trainer(max_epochs=1, gradient_clip_val=clip_val, compile=compiled)
    trainer.fit(model, small_data(d2l))
    assert float(model.unused) == 3 and bool(trainer.compiled) is (compiled is None)


def test_the_learning_rate_of_a_schedule_is_the_one_that_it_is_at():
    class Model(Mixed):
        def configure_optimizers(self):
            schedules = tf.keras.optimizers.schedules
            return tf.keras.optimizers.Adam(schedules.PiecewiseConstantDecay([2], [0.1, 0.01]))

    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(Model(), small_data(d2l))
    assert trainer.current_lr() == pytest.approx(0.01)


def set_rate(trainer):
    trainer.model.net.layers[1].rate = 0.0


def freeze(trainer):
    trainer.model.net.layers[0].trainable = False


def set_clipnorm(trainer):
    trainer.optim.clipnorm = 0.01


def set_learning_rate(trainer):
    trainer.optim.learning_rate = 0.0001


@pytest.mark.parametrize('change', [set_rate, freeze, set_clipnorm, set_learning_rate])
def test_what_is_changed_between_epochs_holds_for_compiled_steps(change):
    class Change(Callback):
        def on_train_epoch_end(self, trainer, model):
            change(trainer)

        every_n_train_steps = None

    losses = {}
    for compiled in (None, False):
        d2l.seed_everything(0)
        model = Regularized()
        trainer = d2l.Trainer(max_epochs=3, compile=compiled, callbacks=[Change()])
        trainer.fit(model, small_data(d2l))
        losses[compiled] = [epoch['train_loss'] for epoch in trainer.history]
        if not LEGACY:  # there dropout draws from tf.random, and so is not compiled
            assert bool(trainer.compiled) is (compiled is None)
    assert losses[None] == pytest.approx(losses[False], rel=1e-4)


def test_keras_is_the_one_asked_for():
    legacy = os.environ.get('TF_USE_LEGACY_KERAS') == '1'
    assert ('Keras 2.' if legacy else 'Keras 3.') in framework.version()


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
