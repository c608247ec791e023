"""Minibatch stochastic gradient descent, written out on MXNet."""

from d2lite.hyperparameters import HyperParameters


class SGD(HyperParameters):
    """param <- param - lr * gradient, for a list of `params`."""

    def __init__(self, params, lr):
        self.save_hyperparameters()

    def step(self, _):
        # The argument is the batch size, which Gluon's optimizers divide by; the loss is a mean.
        for param in self.params:
            if param.grad is not None:
                param -= self.lr * param.grad
