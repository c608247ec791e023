"""Loops on JAX: its tutorial's, and the best that we know. Everything here is compiled by XLA."""

import jax
import numpy as np
import optax
from flax import linen as nn
from flax.training.train_state import TrainState
from jax import lax
from jax import numpy as jnp

from benchmarks.loop import Loop, Losses, slices
from benchmarks.sequences_jax import NETWORKS
from benchmarks.workloads import Data


class JaxLoop(Loop):
    def build(self, data: Data, parameters: list[np.ndarray]) -> None:
        self.data = data
        arrays = [jnp.array(array) for array in self.exchanged(parameters)]
        if self.workload.has_tokens:
            self.net, self.params = NETWORKS[self.workload.model](), arrays
        else:
            self.net = Network(self.workload.model)
            example = jnp.zeros((1, *self.workload.input_shape))
            self.params = self.net.init(jax.random.key(0), example)['params']
            self.params = jax.tree.unflatten(jax.tree.structure(self.params), arrays)
        self.loss_fn = cross_entropy if self.workload.classifies else half_mse
        self.prepare()

    def exchanged(self, arrays: list) -> list:
        """Flax sorts by name, biases before weights: exchanges each two, either way."""
        if self.workload.has_tokens:
            return list(arrays)
        return [array for pair in zip(arrays[1::2], arrays[::2], strict=True) for array in pair]

    def arrays(self) -> list:
        return self.exchanged(jax.tree.leaves(self.params))

    def loss(self, params, X, y):
        return self.loss_fn(self.net.apply({'params': params}, X), y)


class Tutorial(JaxLoop):
    """As in Flax's tutorials: a linen module, Optax, a jitted train step, batches from NumPy."""

    def prepare(self) -> None:
        self.state = TrainState.create(
            apply_fn=self.net.apply, params=self.params, tx=optax.sgd(self.lr)
        )

        @jax.jit
        def train_step(state, X, y):
            loss, grads = jax.value_and_grad(self.loss)(state.params, X, y)
            return state.apply_gradients(grads=grads), loss

        @jax.jit
        def eval_step(state, X, y):
            return self.loss(state.params, X, y)

        self.train_step, self.eval_step = train_step, eval_step

    def epoch(self) -> Losses:
        order, losses, val_loss = self.order(), [], None
        for rows in slices(self.workload.num_train, self.batch_size):
            batch = order[rows]
            self.state, loss = self.train_step(self.state, self.data.X[batch], self.data.y[batch])
            losses.append(loss)
        if self.validates:
            val_losses = [
                self.eval_step(self.state, self.data.X_val[rows], self.data.y_val[rows])
                for rows in slices(self.workload.num_val, self.batch_size)
            ]
            val_loss = float(np.mean(jax.device_get(val_losses)))
        return float(np.mean(jax.device_get(losses))), val_loss

    def arrays(self) -> list:
        return self.exchanged(jax.tree.leaves(self.state.params))


class Best(JaxLoop):
    """A whole epoch in one call: `lax.scan` over the batches, each gathered when its turn comes.

    XLA gives each gather in a scan to all threads, however small. To keep it from that takes half
    of the CPU time on W2, and about as much time. With convolutions, which within a scan run on
    plain loops and take 4 times as long, each step is a call; the calls do not wait for another.
    """

    def prepare(self) -> None:
        self.tensors = self.whole_tensors()
        options = {'xla_disable_hlo_passes': 'cpu-parallel-task-assigner'}
        options = {} if self.workload.model in ('mlp', 'lenet') else options
        self.whole_epoch = jax.jit(self.traced_epoch, donate_argnums=0, compiler_options=options)
        self.one_step = jax.jit(self.step, donate_argnums=0)
        self.validation = jax.jit(self.validate)

    def whole_tensors(self) -> tuple:
        data = self.data
        return jax.tree.map(jnp.array, (data.X, data.y, data.X_val, data.y_val))

    def epoch(self) -> Losses:
        order, (X, y, X_val, y_val) = self.order().astype(np.int32), self.tensors
        if self.workload.model != 'lenet':
            self.params, losses = self.whole_epoch(self.params, order, *self.tensors)
            return tuple(loss if loss is None else float(loss) for loss in losses)
        losses = []
        for rows in slices(len(order), self.batch_size):
            self.params, loss = self.one_step(self.params, order[rows], X, y)
            losses.append(loss)
        val_loss = float(self.validation(self.params, X_val, y_val)) if self.validates else None
        return float(jnp.stack(losses).mean()), val_loss

    def traced_epoch(self, params, order, X, y, X_val, y_val):
        whole = len(order) // self.batch_size * self.batch_size
        params, losses = lax.scan(
            lambda params, rows: self.step(params, rows, X, y),
            params,
            order[:whole].reshape(-1, self.batch_size),
        )
        if whole < len(order):
            params, loss = self.step(params, order[whole:], X, y)
            losses = jnp.append(losses, loss)
        val_loss = self.validate(params, X_val, y_val) if self.validates else None
        return params, (losses.mean(), val_loss)

    def step(self, params, rows, X, y):
        # All rows are there: X[rows] would look for negative ones.
        X, y = (jnp.take(array, rows, axis=0, mode='clip') for array in (X, y))
        loss, grads = jax.value_and_grad(self.loss)(params, X, y)
        return jax.tree.map(lambda param, grad: param - self.lr * grad, params, grads), loss

    def validate(self, params, X, y):
        rows = len(X) // self.batch_size * self.batch_size
        batches = [array[:rows].reshape(-1, self.batch_size, *array.shape[1:]) for array in (X, y)]
        losses = lax.map(lambda batch: self.loss(params, *batch), tuple(batches))
        if rows < len(X):
            losses = jnp.append(losses, self.loss(params, X[rows:], y[rows:]))
        return losses.mean()


class Network(nn.Module):
    model: str

    @nn.compact
    def __call__(self, X):
        if self.model == 'mlp':
            X = nn.relu(nn.Dense(256)(X))
            return nn.Dense(10)(X)
        if self.model == 'lenet':
            X = nn.sigmoid(nn.Conv(6, (5, 5), padding='SAME')(X))
            X = nn.avg_pool(X, (2, 2), (2, 2))
            X = nn.sigmoid(nn.Conv(16, (5, 5), padding='VALID')(X))
            X = nn.avg_pool(X, (2, 2), (2, 2)).reshape(len(X), -1)
            X = nn.sigmoid(nn.Dense(120)(X))
            X = nn.sigmoid(nn.Dense(84)(X))
            return nn.Dense(10)(X)
        return nn.Dense(1)(X)


def half_mse(y_hat: jax.Array, y: jax.Array) -> jax.Array:
    return jnp.mean((y_hat - y) ** 2) / 2


def cross_entropy(logits: jax.Array, y: jax.Array) -> jax.Array:
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


Compiled = Best  # which is compiled already
