"""The layout of convolutions: channels last, where that is safe and faster.

It is faster on a CPU, and on a CUDA GPU in mixed precision: on an H100 a ResNet-18 took 0.6 of the
time in bfloat16, and 1.2 times the time in float32.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import nn

from d2lite.training.precision import HALF

if TYPE_CHECKING:
    from d2lite_torch.module import Module
    from d2lite_torch.trainer import Trainer

METHODS = ('training_step', 'validation_step', 'loss', 'configure_optimizers')
FEWEST_CHANNELS = 16


@contextlib.contextmanager
def channels_last(model: 'Module') -> Iterator[None]:
    """Lays the weights of convolutions out with their channels last, within this context."""
    model.to(memory_format=torch.channels_last)
    try:
        yield
    finally:
        model.to(memory_format=torch.contiguous_format)


def works_channels_last(trainer: 'Trainer') -> bool:
    """Returns True if a model with convolutions computes the same, and faster, channels last.

    `view` fails on such tensors. So all layers and steps must be PyTorch's or d2lite's own.
    """
    model, layers = trainer.model, list(nn.Module.modules(trainer.model))
    if not any(isinstance(layer, nn.Conv2d) for layer in layers):
        return False
    if trainer.trains_together and trainer.strategy == 'fsdp':
        return False  # a part of a weight has no channels
    if trainer.gpus and not (trainer.gpus[0].type == 'cuda' and trainer.precision in HALF):
        return False
    owners = [getattr(type(model), method).__module__ for method in METHODS]
    owners += [type(layer).forward.__module__ for layer in layers]
    own = all(owner.startswith(('torch.nn.', 'd2lite_torch.', 'd2lite.')) for owner in owners)
    return own and (bool(trainer.gpus) or not any(map(is_unsafe, layers)))


def is_unsafe(layer: nn.Module) -> bool:
    """Returns True for a layer whose gradients oneDNN gets wrong if channels lie last.

    That is a strided 1 x 1 convolution of few channels without padding, in PyTorch 2.13 on CPUs
    with AVX2: see https://github.com/uxlfoundation/oneDNN/issues/6035.
    """
    return (
        isinstance(layer, nn.Conv2d)
        and layer.kernel_size == (1, 1)
        and layer.stride != (1, 1)
        and layer.in_channels < FEWEST_CHANNELS
    )
