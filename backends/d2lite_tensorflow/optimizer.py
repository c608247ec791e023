"""Minibatch stochastic gradient descent, written out on TensorFlow."""

from collections.abc import Iterable

from d2lite.hyperparameters import HyperParameters


class SGD(HyperParameters):
    """param <- param - lr * gradient, for pairs of gradient and variable."""

    def __init__(self, lr: float) -> None:
        self.save_hyperparameters()

    def apply_gradients(self, grads_and_vars: Iterable[tuple]) -> None:
        for grad, param in grads_and_vars:
            if grad is not None:
                param.assign_sub(self.lr * grad)
