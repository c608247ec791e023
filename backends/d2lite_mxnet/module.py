"""Module on MXNet."""

from mxnet import np
from mxnet.gluon import nn

from d2lite import module
from d2lite_mxnet.framework import NAME

nn_Module = nn.Block


class Module(module.Module, nn.Block):
    backend = NAME

    def plot(self, key, value, train):
        # The number only: the graph that it came from would be kept alive.
        super().plot(key, value.detach() if isinstance(value, np.ndarray) else value, train)

    def apply_init(self, inputs, init=None):
        """Gives deferred parameters shapes by a pass over `inputs`, and values from `init`."""
        if init is not None:
            self.initialize(init, force_reinit=True)
        self.forward(*inputs)


def plain_arrays(model):
    """(path, array) of what a scratch model trains among its attributes."""
    return [
        (path, array)
        for path, array in module.attributes(model)
        if isinstance(array, np.ndarray) and array.grad is not None
    ]
