"""Minibatch stochastic gradient descent, written out on MXNet."""

from collections.abc import Sequence

from mxnet import np

from d2lite.hyperparameters import HyperParameters


class SGD(HyperParameters):
    """param <- param - lr * gradient, for a list of `params`."""

    def __init__(self, params: Sequence[np.ndarray], lr: float) -> None:
        self.save_hyperparameters()

    def step(self, _: int) -> None:
        # The argument is the batch size, which Gluon's optimizers divide by; the loss is a mean.
        for param in self.params:
            if param.grad is not None:
                param -= self.lr * param.grad
