"""Flax NNX: what is its own. Everything else is in the tests of all backends."""

import numpy as np
import pytest
from contract import parameters, require, small_data
from layers import fitted
from models import dropout_model

d2l = require('nnx')

import jax  # noqa: E402
import optax  # noqa: E402
from flax import nnx  # noqa: E402

V = 5


def text(num_examples=6, num_steps=4):
    tokens = np.random.default_rng(0).integers(0, V, (num_examples, num_steps + 1))

    class Data(d2l.DataModule):
        batch_size = 3

        def get_dataloader(self, train):
            X, y = (d2l.tensor(each.astype(np.int32)) for each in (tokens[:, :-1], tokens[:, 1:]))
            return self.get_tensorloader((X, y), train)

    return Data()


def gru_model():
    d2l.seed_everything(0)
    return d2l.RNNLM(d2l.GRU(V, 4), V, lr=1.0)


def test_steps_as_written_see_the_weights_of_now():
    """JAX remembers what it has traced of a function that it is given a second time."""
    found = []
    for compile in (None, False):
        trainer = d2l.Trainer(max_epochs=2, compile=compile)
        trainer.fit(gru_model(), text())
        found.append([row['val_ppl'] for row in trainer.history])
    assert found[0] == pytest.approx(found[1], rel=1e-5)
    assert found[0][0] != pytest.approx(found[0][1], rel=1e-3)


@pytest.mark.parametrize('kind', ['optax', 'nnx', 'ours'])
@pytest.mark.parametrize('compile', [None, False])
def test_three_kinds_of_optimizers(kind, compile):
    class Model(d2l.LinearRegressionScratch):
        def configure_optimizers(self):
            tx = d2l.SGD(self.lr) if kind == 'ours' else optax.sgd(self.lr)
            return nnx.Optimizer(self, tx, wrt=nnx.Param) if kind == 'nnx' else tx

    d2l.seed_everything(0)
    trainer = d2l.Trainer(max_epochs=2, compile=compile, gradient_clip_val=0.5)
    trainer.fit(Model(2, lr=0.1), small_data(d2l))
    assert isinstance(trainer.optim, nnx.Optimizer)
    w, _ = parameters(d2l, trainer)
    # Eight steps of at most 0.05 each, and no fewer.
    assert 0.2 < np.linalg.norm(w) < 0.4 + 1e-3


def test_dropout_is_for_training_only():
    model = dropout_model(d2l)
    d2l.Trainer(max_epochs=1).fit(model, small_data(d2l))
    X = d2l.ones((8, 2))
    np.testing.assert_array_equal(model(X), model(X))
    model.train()
    assert (d2l.numpy(model(X)) != d2l.numpy(model(X))).any()


def test_dropout_draws_the_same_in_compiled_steps():
    def losses(compile):
        d2l.seed_everything(0)
        trainer = d2l.Trainer(max_epochs=2, compile=compile)
        trainer.fit(dropout_model(d2l), small_data(d2l))
        return [row['train_loss'] for row in trainer.history]

    assert losses(None) == pytest.approx(losses(False), rel=1e-5)


def test_another_rate_of_a_dropout_leads_to_a_new_trace():
    def losses(rate):
        class Change(d2l.Callback):
            def on_train_epoch_end(self, trainer, model):
                model.net.layers[2].rate = rate

        d2l.seed_everything(0)
        trainer = d2l.Trainer(max_epochs=2, callbacks=[Change()])
        trainer.fit(dropout_model(d2l), small_data(d2l))
        assert trainer.compiled
        return [row['train_loss'] for row in trainer.history]

    same, other = losses(0.5), losses(0.9)
    assert same[0] == other[0] and same[1] != other[1]


def test_a_training_with_dropout_goes_on_bit_for_bit(tmp_path):
    def run(max_epochs, **kwargs):
        d2l.seed_everything(0)
        trainer = d2l.Trainer(max_epochs)
        trainer.fit(dropout_model(d2l), small_data(d2l), **kwargs)
        return trainer

    run(1).save_checkpoint(tmp_path / 'x')
    resumed = run(2, ckpt_path=tmp_path / 'x').get_parameters()
    for name, array in run(2).get_parameters().items():
        np.testing.assert_array_equal(resumed[name], array)


def test_a_model_can_be_given_to_the_functions_of_nnx():
    model, X = d2l.MLP(3, 4, lr=0.1), d2l.ones((6, 5))
    fitted(d2l, model, (np.ones((6, 5), np.float32), np.arange(6, dtype=np.int32) % 3))
    expected = d2l.numpy(model(X))
    found = nnx.jit(lambda model, X: model(X))(model, X)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    graphdef, state = nnx.split(model)
    np.testing.assert_allclose(nnx.merge(graphdef, state)(X), expected, rtol=1e-6)


def test_layers_learn_the_number_of_their_inputs():
    layer = d2l.lazy.Linear(3, rngs=nnx.Rngs(0))
    assert layer(d2l.ones((2, 5))).shape == (2, 3)
    assert layer.kernel.shape == (5, 3) and isinstance(layer, nnx.Linear)
    with pytest.raises(Exception, match='5|7'):
        layer(d2l.ones((2, 7)))


def test_layers_are_made_without_computing_anything(monkeypatch):
    seen = []

    class Model(d2l.LinearRegression):
        def forward(self, X):
            seen.append(isinstance(X, jax.core.Tracer))
            return super().forward(X)

    model = Model(lr=0.1)
    model.apply_init([d2l.ones((4, 3))])
    assert seen == [True] and model.net.kernel.shape == (3, 1)


def test_a_model_without_parameters_is_refused():
    class Model(d2l.LinearRegressionScratch):
        def __init__(self):
            d2l.Module.__init__(self)
            self.w, self.b, self.lr = d2l.zeros((2, 1)), d2l.zeros(1), 0.1

    with pytest.raises(ValueError, match='depends on no parameter that is trained'):
        d2l.Trainer(max_epochs=1, compile=False).fit(Model(), small_data(d2l))


def test_what_a_model_was_made_of_is_not_seen_by_nnx():
    model = gru_model()
    assert model.hparams['rnn'] is model.rnn
    assert not [path for path, _ in nnx.to_flat_state(nnx.state(model)) if 'hparams' in path]


@pytest.mark.parametrize('transform', [lambda function: function, nnx.jit], ids=['as is', 'jit'])
def test_a_fit_epoch_of_a_lesson_s_own_has_numbers_to_plot(transform):
    """`training_step` plots a number that has no value while JAX differentiates."""

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            loss_and_grads = transform(nnx.value_and_grad(lambda model, b: model.training_step(b)))
            for batch in self.train_dataloader:
                _, grads = loss_and_grads(self.model, self.prepare_batch(batch))
                self.optim.update(self.model, grads)
                self.train_batch_idx += 1

    def history(trainer):
        d2l.seed_everything(0)
        trainer.fit(d2l.LinearRegressionScratch(2, lr=0.03), small_data(d2l, num_val=16))
        return [row['train_loss'] for row in trainer.history]

    assert history(Trainer(max_epochs=2)) == pytest.approx(history(d2l.Trainer(2)), rel=1e-5)


@pytest.mark.parametrize('precision', ['bf16-mixed', '16-mixed'])
def test_mixed_precision_is_refused(precision):
    with pytest.raises(ValueError, match='a layer of NNX is told in which type it computes'):
        d2l.Trainer(max_epochs=1, precision=precision)


def test_a_step_reads_the_history_of_the_training():
    read = []

    class Model(d2l.LinearRegressionScratch):
        def loss(self, y_hat, y):
            if self.training:
                read.append(len(self.trainer.history))
            return super().loss(y_hat, y)

    d2l.Trainer(max_epochs=2, compile=False).fit(Model(2, lr=0.03), small_data(d2l))
    assert set(read) == {0, 1}
