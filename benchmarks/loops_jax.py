"""Loops on JAX: its tutorial's, and the best that we know. Everything here is compiled by XLA."""

from functools import partial

import jax
import numpy as np
import optax
from flax import linen as nn
from flax.training.train_state import TrainState
from jax import lax
from jax import numpy as jnp

from benchmarks.loop import Loop, slices
from d2lite_jax.compiled import COMPILER_OPTIONS
from d2lite_jax.data import DataModule


class Tutorial(Loop):
    """As in Flax's tutorials: a linen module, Optax, a jitted train step, batches from NumPy."""

    def build(self, data, parameters):
        self.data = data
        model = Module(self.workload.model)
        variables = model.init(jax.random.PRNGKey(0), jnp.zeros((1, *self.workload.input_shape)))
        params = jax.tree.unflatten(
            jax.tree.structure(variables['params']), [jnp.array(a) for a in flax_order(parameters)]
        )
        self.state = TrainState.create(apply_fn=model.apply, params=params, tx=optax.sgd(self.lr))
        loss_fn = LOSS[self.workload.classifies]

        @jax.jit
        def train_step(state, X, y):
            def loss(params):
                return loss_fn(state.apply_fn({'params': params}, X), y)

            value, grads = jax.value_and_grad(loss)(state.params)
            return state.apply_gradients(grads=grads), value

        @jax.jit
        def eval_step(state, X, y):
            return loss_fn(state.apply_fn({'params': state.params}, X), y)

        self.train_step, self.eval_step = train_step, eval_step

    def epoch(self):
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

    def parameters(self):
        return flax_order([np.array(leaf) for leaf in jax.tree.leaves(self.state.params)])


class Module(nn.Module):
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


def flax_order(arrays):
    """Flax sorts by name, so that biases come before weights: exchanges each two, either way."""
    return [array for pair in zip(arrays[1::2], arrays[::2], strict=True) for array in pair]


def half_mse(y_hat, y):
    return jnp.mean((y_hat - y) ** 2) / 2


def cross_entropy(logits, y):
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


LOSS = {False: half_mse, True: cross_entropy}


class JaxLoop(Loop):
    """Plain functions of arrays that stay on the device."""

    def build(self, data, parameters):
        arrays = (data.X, data.y, data.X_val, data.y_val)
        self.X, self.y, self.X_val, self.y_val = map(DataModule.tensor, arrays)
        self.params = [jnp.array(array) for array in parameters]

    def parameters(self):
        return [np.array(param) for param in self.params]

    def loss(self, params, X, y):
        return LOSS[self.workload.classifies](FORWARD[self.workload.model](params, X), y)

    def step(self, params, X, y):
        loss, grads = jax.value_and_grad(self.loss)(params, X, y)
        params = [param - self.lr * grad for param, grad in zip(params, grads, strict=True)]
        return params, loss

    def mean_over_batches(self, params, X, y):
        """The mean of the losses of the batches, whole ones and the rest."""
        rows = len(X) // self.batch_size * self.batch_size
        batches = [array[:rows].reshape(-1, self.batch_size, *array.shape[1:]) for array in (X, y)]
        losses = lax.map(lambda batch: self.loss(params, *batch), tuple(batches))
        if rows < len(X):
            losses = jnp.append(losses, self.loss(params, X[rows:], y[rows:]))
        return losses.mean()


class Scan(JaxLoop):
    """A whole epoch in one call: `lax.scan` over the batches, each gathered when its turn comes.

    To gather the whole array before it takes 3.5 (W2) or 1.35 times (W3) as long. Nothing is won by
    `unroll=4`, which compiles longer, and nothing is lost without donation. XLA splits each gather
    over threads, however small; to keep it from that takes 0.45 (W2) to 1.0 times (W1, W3) the CPU
    time and 0.8 to 1.0 times the time, but 1.1 times (W3) where there is something to be split.
    """

    def build(self, data, parameters):
        super().build(data, parameters)
        options = {} if self.workload.classifies else COMPILER_OPTIONS
        self.compiled_epoch = jax.jit(self.pure_epoch, donate_argnums=0, compiler_options=options)

    def epoch(self):
        order = self.order().astype(np.int32)
        self.params, losses = self.compiled_epoch(
            self.params, order, self.X, self.y, self.X_val, self.y_val
        )
        return tuple(loss if loss is None else float(loss) for loss in losses)

    def pure_epoch(self, params, order, X, y, X_val, y_val):
        def step(params, rows):
            return self.step(params, X[rows], y[rows])

        whole = len(order) // self.batch_size * self.batch_size
        params, losses = lax.scan(step, params, order[:whole].reshape(-1, self.batch_size))
        if whole < len(order):
            params, loss = step(params, order[whole:])
            losses = jnp.append(losses, loss)
        val_loss = self.mean_over_batches(params, X_val, y_val) if self.validates else None
        return params, (losses.mean(), val_loss)


class Steps(JaxLoop):
    """A call for each step, which gathers its batch; the calls do not wait for one another.

    On W1 six times and on W2 twice as slow as a scan, on W3 as fast; on W4 a scan takes 4 times as
    long, since convolutions in it use plain loops. Batches gathered by NumPy cost 1.1 to 1.4 times
    as much, slices of an array that was gathered as a whole 1.2 to 1.5.
    """

    def build(self, data, parameters):
        super().build(data, parameters)

        @partial(jax.jit, donate_argnums=0)
        def compiled_step(params, rows, X, y):
            return self.step(params, X[rows], y[rows])

        self.compiled_step = compiled_step
        self.compiled_validation = jax.jit(self.mean_over_batches)

    def epoch(self):
        order, losses, val_loss = self.order().astype(np.int32), [], None
        for rows in slices(len(order), self.batch_size):
            self.params, loss = self.compiled_step(self.params, order[rows], self.X, self.y)
            losses.append(loss)
        if self.validates:
            val_loss = float(self.compiled_validation(self.params, self.X_val, self.y_val))
        return float(jnp.stack(losses).mean()), val_loss


def best(workload, *args, **kwargs):
    """The faster of the two."""
    loop = Steps if workload.model == 'lenet' else Scan
    return loop(workload, *args, **kwargs)


def linear(params, X):
    weight, bias = params
    return X @ weight + bias


def mlp(params, X):
    weight_1, bias_1, weight_2, bias_2 = params
    return jax.nn.relu(X @ weight_1 + bias_1) @ weight_2 + bias_2


def lenet(params, X):
    weight_1, bias_1, weight_2, bias_2, *dense = params
    X = avg_pool(jax.nn.sigmoid(conv(X, weight_1, 'SAME') + bias_1))
    X = avg_pool(jax.nn.sigmoid(conv(X, weight_2, 'VALID') + bias_2)).reshape(len(X), -1)
    X = jax.nn.sigmoid(X @ dense[0] + dense[1])
    X = jax.nn.sigmoid(X @ dense[2] + dense[3])
    return X @ dense[4] + dense[5]


def conv(X, weight, padding):
    layouts = ('NHWC', 'HWIO', 'NHWC')
    return lax.conv_general_dilated(X, weight, (1, 1), padding, dimension_numbers=layouts)


def avg_pool(X):
    return lax.reduce_window(X, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), 'VALID') / 4


FORWARD = {'scratch': linear, 'linear': linear, 'mlp': mlp, 'lenet': lenet}
CONTENDERS = {'tutorial': Tutorial, 'best': best}  # the best is compiled
