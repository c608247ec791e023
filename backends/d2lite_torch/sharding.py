"""Parameters of which each process holds a part: `strategy='fsdp'`, by PyTorch's `fully_shard`."""

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.distributed.tensor import DTensor, distribute_tensor

if TYPE_CHECKING:
    from d2lite_torch.trainer import Trainer


def shard(model: nn.Module) -> None:
    """Divides the parameters of each layer between the processes. It has them whole while it works.

    What is left, the parameters of the model itself, is a layer like the others.
    """
    from torch.distributed.fsdp import fully_shard

    for layer in reversed(list(nn.Module.modules(model))):
        if layer is not model and list(layer.parameters(recurse=False)):
            fully_shard(layer)
    fully_shard(model)


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of which each process has a part as a whole; all processes have to ask for it."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def fill(tensor: torch.Tensor, values: torch.Tensor) -> None:
    """Gives a tensor the values and the dtype of another one, which all processes have whole."""
    if isinstance(tensor, DTensor):
        values = divided_as(tensor, values)
        tensor.data.copy_(values)
    else:
        tensor.data = values.to(tensor.device)


def divided_as(tensor: DTensor, values: torch.Tensor) -> DTensor:
    """Values that all processes have, divided between them as those of `tensor` are."""
    if isinstance(values, DTensor):
        return values
    values = values.to(tensor.device)
    return distribute_tensor(values, tensor.device_mesh, tensor.placements)


def divide_optimizer(trainer: 'Trainer') -> None:
    """Divides what an optimizer remembers, and has read from a file, as the parameters are."""
    for param, state in getattr(trainer.optim, 'state', {}).items():
        for name, value in state.items():
            if isinstance(param, DTensor) and torch.is_tensor(value) and value.shape == param.shape:
                state[name] = divided_as(param, value)
