"""Linear regression on JAX: from scratch, with Flax's and Optax's parts, and as plain functions.

Definitions: d2l, chapter "Linear Neural Networks for Regression".
"""

from dataclasses import field
from typing import Any

import jax
import optax
from flax import linen as nn
from jax import Array
from jax import numpy as jnp

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.module import check_same_size
from d2lite_jax.module import Module
from d2lite_jax.optimizer import SGD
from d2lite_jax.tensor import matmul, reduce_mean, reshape


class LinearRegressionScratch(Module):
    """y_hat = Xw + b with squared loss and our own SGD, from arrays and gradients alone.

    `w` (num_inputs, 1) starts normal with standard deviation `sigma`, the same on every backend for
    the same seed; `b` (1,) starts at 0. With `init_seed=None`, `w` comes from the key given to
    `fit` or `init` instead, as is usual in JAX.
    """

    num_inputs: int
    lr: float
    sigma: float = 0.01
    init_seed: int | None = field(
        default_factory=lambda: next_seed('parameters'), kw_only=True, repr=False, compare=False
    )

    def setup(self) -> None:
        self.w = self.param('w', self.init_w, (self.num_inputs, 1))
        self.b = self.param('b', nn.initializers.zeros, (1,))

    def init_w(self, key: Array, shape: tuple[int, ...]) -> Array:
        if self.init_seed is None:
            return nn.initializers.normal(self.sigma)(key, shape)
        return jnp.array(initial_normal(self.init_seed, self.sigma, shape))

    def forward(self, X: Array) -> Array:
        return matmul(X, self.w) + self.b

    def loss(self, params: dict, X: tuple[Array, ...], y: Array, state: Any) -> Array:
        y_hat = state.apply_fn({'params': params}, *X)
        return reduce_mean(squared_loss(y_hat, y))

    def configure_optimizers(self) -> SGD:
        return SGD(self.lr)


class LinearRegression(Module):
    """Linear regression with Flax's own layer, and Optax's loss and optimizer."""

    lr: float

    def setup(self) -> None:
        self.net = nn.Dense(1, kernel_init=nn.initializers.normal(0.01))

    def forward(self, X: Array) -> Array:
        return self.net(X)

    def loss(self, params: dict, X: tuple[Array, ...], y: Array, state: Any) -> Array:
        y_hat = state.apply_fn({'params': params}, *X)
        check_same_size(y_hat, y)
        # Optax's loss is half the squared error, as from scratch.
        return reduce_mean(optax.l2_loss(y_hat, reshape(y, y_hat.shape)))

    def configure_optimizers(self) -> optax.GradientTransformation:
        return optax.sgd(self.lr)

    def get_w_b(self, state: Any) -> tuple[Array, Array]:
        """The weight (num_inputs, 1) and the bias (1,) in `trainer.state`."""
        net = state.params['net']
        return net['kernel'], net['bias']


def linreg(X: Array, w: Array, b: Array) -> Array:
    """The linear regression model, Xw + b."""
    return matmul(X, w) + b


def squared_loss(y_hat: Array, y: Array) -> Array:
    """Half the squared error of each example, in the shape of `y_hat`."""
    check_same_size(y_hat, y)
    return (y_hat - reshape(y, y_hat.shape)) ** 2 / 2


def sgd(params: Any, grads: Any, lr: float, batch_size: int) -> Any:
    """New parameters after one step of minibatch SGD for gradients summed over the batch."""
    return jax.tree.map(lambda param, grad: param - lr * grad / batch_size, params, grads)
