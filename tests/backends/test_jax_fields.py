"""Fields of models on JAX: a subclass has its own, in the order in which it declares them."""

import dataclasses
import inspect
from functools import partial

import numpy as np
import pytest
from contract import require

d2l = require('jax')
import jax  # noqa: E402
import optax  # noqa: E402
from flax import linen as nn  # noqa: E402

BASES = [d2l.Module, d2l.Classifier]


def positional(cls):
    """The names that the constructor takes by position, without Flax's own."""
    parameters = inspect.signature(cls).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert names[-2:] == ['parent', 'name']
    return names[:-2]


@pytest.mark.parametrize('base', BASES)
def test_fields_without_default_stand_before_fields_with_one(base):
    class Net(base):
        arch: tuple
        lr: float = 0.1
        num_classes: int = 10
        training: bool = True

    model = Net(((1, 16), (2, 32)), 0.5, 3, False)
    assert (model.arch, model.lr, model.num_classes) == (((1, 16), (2, 32)), 0.5, 3)
    assert model.training is False and Net(arch=()).training is True


@pytest.mark.parametrize('base', BASES)
def test_a_field_without_default_may_follow_training_with_one(base):
    class Net(base):
        training: bool = True
        num_hiddens: int

    assert positional(Net) == ['num_hiddens', 'training']
    assert (Net(3).training, Net(3, False).training) == (True, False)


def test_a_field_that_is_declared_again_has_the_place_where_it_is_declared():
    class Net(d2l.Classifier):
        num_hiddens_1: int
        training: bool = True
        dropout_1: float = 0.5
        plot_train_per_epoch: int = 7
        lr: float = 0.1

    assert positional(Net) == [
        *['num_hiddens_1', 'training', 'dropout_1', 'plot_train_per_epoch', 'lr']
    ]
    assert Net(1).plot_train_per_epoch == 7


@pytest.mark.parametrize('base', BASES)
def test_training_without_default_is_asked_for(base):
    class EncoderDecoder(base):
        encoder: nn.Module
        decoder: nn.Module
        training: bool

    class Seq2Seq(EncoderDecoder):
        encoder: nn.Module
        decoder: nn.Module
        tgt_pad: int
        lr: float

    encoder, decoder = nn.Dense(1, parent=None), nn.Dense(2, parent=None)
    model = EncoderDecoder(encoder, decoder, False)
    assert (model.encoder, model.decoder, model.training) == (encoder, decoder, False)
    with pytest.raises(TypeError, match='missing 1 required positional argument: .training'):
        EncoderDecoder(encoder, decoder)
    assert positional(Seq2Seq) == ['encoder', 'decoder', 'training', 'tgt_pad', 'lr']
    assert Seq2Seq(encoder, decoder, tgt_pad=0, lr=0.005, training=True).lr == 0.005


def test_subclasses_of_subclasses_keep_their_orders():
    class A(d2l.Classifier):
        x: int

    class B(A):
        y: int
        training: bool = True

    class C(B):
        z: int = 4

    assert [positional(cls) for cls in (A, B, C)] == [
        *[['x'], ['x', 'y', 'training'], ['x', 'y', 'training', 'z']]
    ]
    assert A(1, training=False).training is False and A(1).training is True
    assert A(1, plot_train_per_epoch=5).clone().plot_train_per_epoch == 5
    assert {field.name for field in dataclasses.fields(A)} >= {'x', 'training', 'board'}


def test_the_librarys_own_models_take_their_fields_by_position():
    class Wide(d2l.MLP):
        training: bool = True

    class Decay(d2l.LinearRegressionScratch):
        lambd: int = 0

    assert positional(Wide) == ['num_outputs', 'num_hiddens', 'lr', 'training']
    assert positional(Decay) == ['num_inputs', 'lr', 'sigma', 'lambd']


@pytest.mark.parametrize('declared', [True, False])
def test_a_model_is_hashable_and_another_one_in_another_mode(declared):
    class Net(d2l.Classifier):
        lr: float = 0.1
        if declared:
            training: bool = True

    assert hash(Net()) == hash(Net()) and Net() == Net()
    assert Net() != Net(training=False)
    model = Net()
    model.training = False  # as a Trainer does
    assert model == model.clone() == Net(training=False)


class Static(d2l.Classifier):
    """Dropout, and a loss that is compiled by itself, with the model as a constant."""

    num_hiddens_1: int
    dropout_1: float
    lr: float = 0.1
    num_outputs: int = 3
    training: bool = True

    @nn.compact
    def __call__(self, X):
        X = nn.Dense(self.num_hiddens_1)(X)
        X = nn.Dropout(self.dropout_1, deterministic=not self.training)(nn.relu(X))
        return nn.Dense(self.num_outputs)(X)

    @partial(jax.jit, static_argnums=(0, 5))
    def loss(self, params, X, Y, state, averaged=True):
        rngs = {'dropout': state.dropout_rng}
        Y_hat = state.apply_fn({'params': params}, *X, mutable=False, rngs=rngs)
        losses = optax.softmax_cross_entropy_with_integer_labels(Y_hat, Y)
        return (losses.mean(), {}) if averaged else (losses, {})


class Data(d2l.DataModule):
    batch_size = 8

    def get_dataloader(self, train):
        rng = np.random.default_rng(0)
        X, y = rng.standard_normal((24, 4)).astype('float32'), rng.integers(0, 3, 24)
        return self.get_tensorloader((d2l.tensor(X), d2l.tensor(y)), train)


@pytest.mark.parametrize('compiled', [None, False])
def test_a_loss_that_is_compiled_by_itself_follows_the_mode(compiled):
    d2l.seed_everything(0)
    model = Static(16, 0.5, 0.25, 3, True)
    trainer = d2l.Trainer(max_epochs=2, compile=compiled)
    trainer.fit(model, Data())
    assert bool(trainer.compiled) is (compiled is None)
    params, (X, y) = trainer.state.params, Data().val_dataloader().tensors
    hidden = np.maximum(X @ params['Dense_0']['kernel'] + params['Dense_0']['bias'], 0)
    logits = hidden @ params['Dense_1']['kernel'] + params['Dense_1']['bias']
    expected = optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
    assert trainer.history[-1]['val_loss'] == pytest.approx(float(expected), rel=1e-5)
    model.training = True
    loss, updates = model.loss(params, (X,), y, trainer.state)
    assert float(loss) != pytest.approx(float(expected), rel=1e-3) and updates == {}
    assert model.loss(params, (X,), y, trainer.state, False)[0].shape == (24,)


@pytest.mark.parametrize('kind', ['setup and forward', 'setup and __call__', 'compact'])
def test_a_model_is_written_in_any_of_flaxs_ways(kind):
    class Net(d2l.Classifier):
        num_outputs: int
        lr: float = 0.1
        training: bool = True

        if kind == 'compact':

            @nn.compact
            def forward(self, X, scale=1):
                return scale * nn.Dense(self.num_outputs, name='net')(X)

        else:

            def setup(self):
                self.net = nn.Dense(self.num_outputs)

        def predict(self, X, scale=1):
            return scale * self.net(X)

        if kind == 'setup and forward':
            forward = predict
        elif kind == 'setup and __call__':
            __call__ = predict

    model = Net(3, 0.5)
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(model, Data())
    assert trainer.compiled and d2l.numpy(trainer.state.params['net']['kernel']).shape == (4, 3)
    X, variables = Data().val_dataloader().tensors[0], {'params': trainer.state.params}
    once, twice = (model.apply(variables, X, scale=scale) for scale in (1, 2))
    np.testing.assert_allclose(twice, 2 * once)
