"""Module on PyTorch."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from d2lite.training import module
from d2lite_torch.framework import NAME

nn_Module = nn.Module


class Module(module.Module, nn.Module):
    backend = NAME

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """PyTorch's own SGD, with the learning rate `lr`."""
        params = [*self.parameters()] or [tensor for _, tensor in plain_tensors(self)]
        return torch.optim.SGD(params, self.required_lr())

    def apply_init(self, inputs: Sequence[torch.Tensor], init: Any = None) -> None:
        """Gives lazy layers their shapes by a pass over `inputs`, then applies `init` to `net`."""
        with evaluating(self):  # running statistics are for batches of training
            self.forward(*inputs)
        if init is not None:
            self.net.apply(init)


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within this context `model` has no dropout, moves no running statistics, has no gradients."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)


def plain_tensors(model: 'Module') -> list:
    """(path, tensor) of what a scratch model trains among its attributes."""
    return [
        (path, tensor)
        for path, tensor in module.attributes(model)
        if isinstance(tensor, torch.Tensor) and tensor.requires_grad
    ]
