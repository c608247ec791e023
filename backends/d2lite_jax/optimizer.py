"""Minibatch stochastic gradient descent, written out on JAX as Optax defines an optimizer."""

import jax
import optax

from d2lite.hyperparameters import HyperParameters


class SGD(HyperParameters):
    """param <- param - lr * gradient: a pair (init, update), as optax.GradientTransformation is."""

    def __init__(self, lr):
        self.save_hyperparameters()

    def init(self, params):
        del params  # plain SGD remembers nothing
        return optax.EmptyState()

    def update(self, updates, state, params=None):
        del params
        return jax.tree.map(lambda grad: -self.lr * grad, updates), state

    def __call__(self):
        return optax.GradientTransformation(self.init, self.update)
