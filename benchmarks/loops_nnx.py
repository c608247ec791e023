"""Loops on Flax NNX: its tutorial's, and the best that we know, which is that of JAX."""

import jax
import numpy as np
import optax
from flax import nnx
from jax import numpy as jnp

from benchmarks import loops_jax
from benchmarks.loop import Losses, slices
from benchmarks.sequences_nnx import NETWORKS
from benchmarks.workloads import Data


class NNXLoop(loops_jax.JaxLoop):
    def build(self, data: Data, parameters: list[np.ndarray]) -> None:
        self.data, arrays = data, [jnp.array(array) for array in self.exchanged(parameters)]
        if self.workload.has_tokens:
            self.net = OnTokens(NETWORKS[self.workload.model](), arrays)
        else:
            self.net = Network(self.workload.model, self.workload.num_inputs, nnx.Rngs(0))
        self.graphdef, params = nnx.split(self.net)
        self.params = jax.tree.unflatten(jax.tree.structure(params), arrays)
        nnx.update(self.net, self.params)
        classifies = self.workload.classifies
        self.loss_fn = loops_jax.cross_entropy if classifies else loops_jax.half_mse
        self.prepare()

    def loss(self, params, X, y):
        return self.loss_fn(nnx.merge(self.graphdef, params)(X), y)


class Tutorial(NNXLoop):
    """As in Flax's tutorials: `nnx.Optimizer`, a train step in `nnx.jit`, batches from NumPy."""

    def prepare(self) -> None:
        self.optim = nnx.Optimizer(self.net, optax.sgd(self.lr), wrt=nnx.Param)

        @nnx.jit
        def train_step(model, optim, X, y):
            loss, grads = nnx.value_and_grad(lambda model: self.loss_fn(model(X), y))(model)
            optim.update(model, grads)
            return loss

        @nnx.jit
        def eval_step(model, X, y):
            return self.loss_fn(model(X), y)

        self.train_step, self.eval_step = train_step, eval_step

    def epoch(self) -> Losses:
        order, losses, val_loss, data = self.order(), [], None, self.data
        for rows in slices(self.workload.num_train, self.batch_size):
            batch = order[rows]
            losses.append(self.train_step(self.net, self.optim, data.X[batch], data.y[batch]))
        if self.validates:
            val_losses = [
                self.eval_step(self.net, data.X_val[rows], data.y_val[rows])
                for rows in slices(self.workload.num_val, self.batch_size)
            ]
            val_loss = float(np.mean(jax.device_get(val_losses)))
        return float(np.mean(jax.device_get(losses))), val_loss

    def arrays(self) -> list:
        return self.exchanged(jax.tree.leaves(nnx.state(self.net)))


class Best(NNXLoop, loops_jax.Best):
    """That of JAX: `nnx.split` before all epochs, `nnx.merge` within the program."""


class Network(nnx.Module):
    def __init__(self, model, num_inputs, rngs):
        self.model = model
        if model == 'mlp':
            sizes = [(784, 256), (256, 10)]
        elif model == 'lenet':
            sizes = [(400, 120), (120, 84), (84, 10)]
        else:
            sizes = [(num_inputs, 1)]
        conv = {'kernel_size': (5, 5), 'rngs': rngs}
        layers = []
        if model == 'lenet':
            layers = [nnx.Conv(1, 6, **conv), nnx.Conv(6, 16, padding='VALID', **conv)]
        self.layers = nnx.List([*layers, *(nnx.Linear(*each, rngs=rngs) for each in sizes)])

    def __call__(self, X):
        *hidden, last = self.layers
        for layer in hidden:
            X = layer(X)
            X = nnx.relu(X) if self.model == 'mlp' else nnx.sigmoid(X)
            if isinstance(layer, nnx.Conv):
                X = nnx.avg_pool(X, (2, 2), (2, 2))
            if layer is self.layers[1] and self.model == 'lenet':
                X = X.reshape(len(X), -1)
        return last(X)


class OnTokens(nnx.Module):
    """A network of JAX as a module, with its arrays as parameters."""

    def __init__(self, network, arrays):
        self.network = network
        self.arrays = nnx.List([nnx.Param(array) for array in arrays])

    def __call__(self, X):
        return self.network.apply({'params': [param[...] for param in self.arrays]}, X)


Compiled = Best  # which is compiled already
