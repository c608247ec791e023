"""What is JAX's alone: state beside the model, both branches of fit_epoch, keys, the optimizer."""

import queue

import numpy as np
import pytest
from contract import parameters, require, small_data

d2l = require('jax')
import jax  # noqa: E402
import optax  # noqa: E402
from flax import linen as nn  # noqa: E402
from jax import numpy as jnp  # noqa: E402


@pytest.fixture(autouse=True)
def seeded():
    d2l.seed_everything(0)


class Normalized(d2l.Module):
    """Batch normalisation and dropout: all that a TrainState carries."""

    lr: float = 0.1
    rate: float = 0.5

    @nn.compact
    def __call__(self, X):
        X = nn.BatchNorm(use_running_average=not self.training, momentum=0.5)(X)
        X = nn.Dropout(self.rate, deterministic=not self.training)(X)
        return nn.Dense(1)(X)

    def loss(self, params, X, y, state):
        variables = {'params': params, 'batch_stats': state.batch_stats}
        rngs = {'dropout': state.dropout_rng}
        y_hat, mutated = state.apply_fn(variables, *X, mutable=['batch_stats'], rngs=rngs)
        self.seen.append((self.training, np.array(jax.random.key_data(state.dropout_rng))))
        return jnp.mean((y_hat - y) ** 2), mutated

    def configure_optimizers(self):
        return optax.sgd(self.lr)


def test_batch_statistics_are_updated_in_training_and_kept():
    model = Normalized()
    model.seen = []
    data = small_data(d2l, num_train=64)
    trainer = d2l.Trainer(max_epochs=2)
    trainer.fit(model, data)
    mean = trainer.state.batch_stats['BatchNorm_0']['mean']
    # The running mean of the same batches, by hand.
    expected = np.zeros(2)
    loader = trainer.train_dataloader.dataloader
    loader.epoch = 0
    for _ in range(2):
        for X, _ in loader:
            expected = 0.5 * expected + 0.5 * np.array(X).mean(axis=0)
    np.testing.assert_allclose(mean, expected, rtol=1e-4)
    assert trainer.history[1]['train_loss'] > 0


def test_tensors_of_data_are_copies_that_jax_takes_as_they_are():
    array = np.arange(12.0, dtype=np.float32).reshape(3, 4)[:, ::2]
    tensor = d2l.DataModule.tensor(array)
    array[:] = -1
    np.testing.assert_array_equal(tensor, [[0, 2], [4, 6], [8, 10]])
    assert tensor.unsafe_buffer_pointer() % 64 == 0
    assert d2l.DataModule.tensor(np.zeros((0, 3))).shape == (0, 3)


def test_dropout_has_another_key_in_each_training_step():
    model = Normalized()
    model.seen = []
    d2l.Trainer(max_epochs=2).fit(model, small_data(d2l))
    training = [tuple(key) for train, key in model.seen if train]
    assert len(training) == 8 == len(set(training))
    assert [train for train, _ in model.seen].count(False) == 4


def test_the_key_given_to_fit_decides_the_rest_of_the_parameters():
    def kernel(key):
        trainer = d2l.Trainer(max_epochs=0)
        trainer.fit(d2l.LinearRegression(lr=0.1), small_data(d2l), key=key)
        return np.array(trainer.state.params['net']['kernel'])

    np.testing.assert_array_equal(kernel(jax.random.PRNGKey(1)), kernel(jax.random.PRNGKey(1)))
    assert not np.array_equal(kernel(jax.random.PRNGKey(1)), kernel(jax.random.PRNGKey(2)))


def test_without_an_init_seed_w_comes_from_the_key():
    model = d2l.LinearRegressionScratch(3, lr=0.1, sigma=2.0, init_seed=None)

    def w(seed):
        return np.array(model.init(jax.random.PRNGKey(seed), jnp.ones((1, 3)))['params']['w'])

    np.testing.assert_array_equal(w(1), w(1))
    assert not np.array_equal(w(1), w(2))


def test_sgd_is_an_optax_optimizer():
    optimizer = d2l.SGD(lr=0.5)
    params = {'w': jnp.array([1.0, 2.0])}
    state = optimizer.init(params)
    assert isinstance(state, optax.EmptyState)
    pair = optimizer()
    assert isinstance(pair, optax.GradientTransformation)

    @jax.jit
    def step(params, state):
        updates, state = pair.update({'w': jnp.ones(2)}, state, params)
        return optax.apply_updates(params, updates), state

    params, state = step(params, state)
    np.testing.assert_allclose(params['w'], [0.5, 1.5])
    assert optax.chain(pair, optax.scale(2.0)).init(params) is not None


def test_an_optimizer_whose_state_is_a_class_trains():
    class BookSGD(d2l.SGD):
        def init(self, params):
            return optax.EmptyState  # the class, as the page writes it

    class Model(d2l.LinearRegressionScratch):
        def configure_optimizers(self):
            return BookSGD(self.lr)

    for clip in (0, 1.0):
        trainer = d2l.Trainer(max_epochs=2, gradient_clip_val=clip)
        trainer.fit(Model(2, lr=0.1), small_data(d2l))
        assert trainer.history[1]['train_loss'] < trainer.history[0]['train_loss']


def test_clipping_also_works_where_a_lesson_writes_its_own_fit_epoch():
    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            for batch in self.train_dataloader:
                _, grads = self.model.training_step(self.state.params, batch, self.state)
                self.state = self.state.apply_gradients(grads=grads)
                self.train_batch_idx += 1

    trainer = Trainer(max_epochs=1, gradient_clip_val=0.5)
    model = d2l.LinearRegressionScratch(2, lr=0.1, sigma=0)
    trainer.fit(model, small_data(d2l, num_train=16))
    moved = np.concatenate(parameters(d2l, trainer))
    assert np.linalg.norm(moved) == pytest.approx(0.05, rel=1e-5)


def test_clipping_of_ones_own_is_used():
    class Trainer(d2l.Trainer):
        def clip_gradients(self, grad_clip_val, grads):
            return jax.tree.map(jnp.zeros_like, grads)

    trainer = Trainer(max_epochs=1, gradient_clip_val=0.5)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.1, sigma=0), small_data(d2l))
    np.testing.assert_array_equal(np.concatenate(parameters(d2l, trainer)), np.zeros(3))


def test_keys_follow_the_seed():
    d2l.seed_everything(5)
    first = [d2l.get_key().tolist() for _ in range(3)]
    assert len({tuple(key) for key in first}) == 3
    d2l.seed_everything(5)
    assert [d2l.get_key().tolist() for _ in range(3)] == first


class Called(d2l.LinearRegressionScratch):
    """Hands its loss to a function of Python, on the host."""

    def loss(self, params, X, y, state):
        loss = super().loss(params, X, y, state)
        jax.debug.callback(self.told.put, loss)
        return loss


def fit_once(model):
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(model, small_data(d2l))
    return [float(value) for value in jax.tree.leaves(trainer.state.params)[0]]


def programs_compiled(caplog, model):
    caplog.clear()
    with jax.log_compiles():
        fit_once(model)
    return [r for r in caplog.messages if 'XLA compilation' in r and 'leaves_of' in r]


def test_a_second_training_compiles_nothing_unless_it_computes_something_else(caplog):
    def model(lr):
        return d2l.LinearRegressionScratch(2, lr=lr, init_seed=1)

    first = programs_compiled(caplog, model(0.0625))
    assert len(first) > 0
    assert programs_compiled(caplog, model(0.0625)) == []
    assert len(programs_compiled(caplog, model(0.03125))) > 0
    assert fit_once(model(0.03125)) != fit_once(model(0.0625))


def test_each_training_calls_its_own_callbacks():
    told = []
    for _ in range(2):
        model = Called(2, lr=0.0625)
        told.append(queue.SimpleQueue())
        object.__setattr__(model, 'told', told[-1])
        fit_once(model)
        jax.effects_barrier()
    assert told[0].qsize() == told[1].qsize() > 0
