"""Precision on PyTorch: TF32 or not, and mixed precision by `torch.autocast`."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from d2lite.training.precision import FIRST_SCALE, GROWTH_INTERVAL, HALF, refuse

if TYPE_CHECKING:
    from d2lite_torch.module import Module
    from d2lite_torch.trainer import Trainer


def refusal(trainer: 'Trainer', model: 'Module | None') -> str:
    """Why this training cannot have its precision; '' if it can."""
    return ''  # what an optimizer can is known once it is made: see `prepare`


def prepare(trainer: 'Trainer') -> None:
    """Makes the GradScaler of '16-mixed', or takes it away. Raises ValueError if it cannot work."""
    if trainer.precision != '16-mixed':
        trainer.scaler = None
    elif trainer.scaler is None:
        if not hasattr(trainer.optim, 'param_groups'):
            name = type(trainer.optim).__name__
            refuse(trainer, f'torch.amp.GradScaler takes an optimizer of torch.optim, got {name}')
        trainer.scaler = torch.amp.GradScaler(
            _device_type(trainer), init_scale=FIRST_SCALE, growth_interval=GROWTH_INTERVAL
        )


@contextlib.contextmanager
def settings(trainer: 'Trainer') -> Iterator[None]:
    """PyTorch's settings for the trainer's precision; afterwards they are as before."""
    tf32 = trainer.precision == 'tf32' and bool(trainer.gpus)
    switches = _switches()
    before = [switch.fp32_precision for switch in switches]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # some releases advise the newer switches
        try:
            older = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
        except RuntimeError:  # once somebody has used the newer ones, PyTorch allows no others
            older = None
            for switch in switches:
                switch.fp32_precision = 'tf32' if tf32 else 'ieee'
        else:
            _set_older('high' if tf32 else 'highest', tf32)
    try:
        yield
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            if older:
                _set_older(*older)
            for switch, value in zip(switches, before, strict=True):
                switch.fp32_precision = 'none'  # follows torch.backends.fp32_precision
                if switch.fp32_precision != value:
                    switch.fp32_precision = value


@contextlib.contextmanager
def in_float64() -> Iterator[None]:
    """PyTorch's settings with which models are made and trained in float64, undone afterwards."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def autocast(trainer: 'Trainer') -> contextlib.AbstractContextManager:
    """The context in which a step computes."""
    if trainer.precision not in HALF:
        return contextlib.nullcontext()
    return torch.autocast(_device_type(trainer), getattr(torch, HALF[trainer.precision]))


def _device_type(trainer):
    return trainer.gpus[0].type if trainer.gpus else 'cpu'


def _switches():
    """The newer switches; before PyTorch 2.9 there are none."""
    backends = torch.backends
    switches = [backends.cuda.matmul]
    for library in (backends.cudnn, backends.mkldnn):
        names = ('matmul', 'conv', 'rnn')
        switches += [getattr(library, name) for name in names if hasattr(library, name)]
    return [switch for switch in switches if hasattr(switch, 'fp32_precision')]


def _set_older(matmul, convolutions):
    torch.set_float32_matmul_precision(matmul)
    torch.backends.cudnn.allow_tf32 = convolutions
