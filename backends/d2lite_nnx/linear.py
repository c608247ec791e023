"""Linear regression on NNX: from scratch, with Flax's and Optax's parts, and as plain functions.

Definitions: d2l, chapter "Linear Neural Networks for Regression".
"""

import optax
from flax import nnx
from jax import Array
from jax import numpy as jnp

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.module import check_same_size
from d2lite_jax.linear import linreg, sgd, squared_loss
from d2lite_jax.optimizer import SGD
from d2lite_nnx import lazy
from d2lite_nnx.framework import rngs_or_new
from d2lite_nnx.module import Module
from d2lite_nnx.tensor import matmul, reduce_mean, reshape


class LinearRegressionScratch(Module):
    """y_hat = Xw + b with squared loss and our own SGD, from arrays and gradients alone.

    `w` (num_inputs, 1) starts normal with standard deviation `sigma`, the same on every backend for
    the same seed; `b` (1,) starts at 0.
    """

    def __init__(self, num_inputs: int, lr: float, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        w = initial_normal(next_seed('parameters'), sigma, (num_inputs, 1))
        self.w = nnx.Param(jnp.array(w))
        self.b = nnx.Param(jnp.zeros(1))

    def forward(self, X: Array) -> Array:
        return matmul(X, self.w) + self.b

    def loss(self, y_hat: Array, y: Array) -> Array:
        return reduce_mean(squared_loss(y_hat, y))

    def configure_optimizers(self) -> SGD:
        return SGD(self.lr)


class LinearRegression(Module):
    """Linear regression with Flax's own layer, and Optax's loss and optimizer."""

    def __init__(self, lr: float, rngs: nnx.Rngs | None = None) -> None:
        super().__init__()
        self.save_hyperparameters()
        normal = nnx.initializers.normal(0.01)
        self.net = lazy.Linear(1, kernel_init=normal, rngs=rngs_or_new(rngs))

    def forward(self, X: Array) -> Array:
        return self.net(X)

    def loss(self, y_hat: Array, y: Array) -> Array:
        check_same_size(y_hat, y)
        # Optax's loss is half the squared error, as from scratch.
        return reduce_mean(optax.l2_loss(y_hat, reshape(y, y_hat.shape)))

    def configure_optimizers(self) -> optax.GradientTransformation:
        return optax.sgd(self.lr)

    def get_w_b(self) -> tuple[Array, Array]:
        """The weight (num_inputs, 1) and the bias (1,)."""
        return self.net.kernel[...], self.net.bias[...]


__all__ = ['LinearRegression', 'LinearRegressionScratch', 'linreg', 'sgd', 'squared_loss']
