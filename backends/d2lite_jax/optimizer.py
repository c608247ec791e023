"""Minibatch stochastic gradient descent, written out on JAX as Optax defines an optimizer."""

from collections.abc import Mapping
from typing import Any

import jax
import optax

from d2lite.hyperparameters import HyperParameters


class SGD(HyperParameters):
    """param <- param - lr * gradient: a pair (init, update), as optax.GradientTransformation is."""

    def __init__(self, lr: float) -> None:
        self.save_hyperparameters()

    def init(self, params: Mapping) -> optax.EmptyState:
        del params  # plain SGD remembers nothing
        return optax.EmptyState()

    def update(self, updates: Mapping, state: Any, params: Mapping | None = None) -> tuple:
        del params
        return jax.tree.map(lambda grad: -self.lr * grad, updates), state

    def __call__(self) -> optax.GradientTransformation:
        return optax.GradientTransformation(self.init, self.update)
