"""Module on PyTorch."""

import torch
from torch import nn

from d2lite import module
from d2lite_torch.framework import NAME

nn_Module = nn.Module


class Module(module.Module, nn.Module):
    backend = NAME

    def plot(self, key, value, train):
        # The number only: the graph that it came from would be kept alive.
        super().plot(key, value.detach() if isinstance(value, torch.Tensor) else value, train)

    def apply_init(self, inputs, init=None):
        """Gives lazy layers their shapes by a pass over `inputs`, then applies `init` to `net`."""
        self.forward(*inputs)
        if init is not None:
            self.net.apply(init)


def plain_tensors(model):
    """(path, tensor) of what a scratch model trains among its attributes."""
    return [
        (path, tensor)
        for path, tensor in module.attributes(model)
        if isinstance(tensor, torch.Tensor) and tensor.requires_grad
    ]
