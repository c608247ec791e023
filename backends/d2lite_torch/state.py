"""What a training on PyTorch consists of, as NumPy arrays: to be saved, moved and restored."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.distributed.tensor import DTensor

from d2lite.saving.optimizer_state import optimizer_state, set_optimizer_state
from d2lite_torch.module import plain_tensors
from d2lite_torch.parameters import build, get_parameters, set_parameters  # noqa: F401
from d2lite_torch.sharded import read_parts, write_parts  # noqa: F401
from d2lite_torch.sharding import divide_optimizer, fill, whole
from d2lite_torch.tensor import from_numpy, numpy

if TYPE_CHECKING:
    from d2lite_torch.trainer import Trainer


def get_state(trainer: 'Trainer', of_divided: Callable | None = None) -> dict:
    """All that decides how training goes on, exactly as it is.

    `of_divided`: what is made of tensors that are divided between processes; else they are whole.
    """

    def converted(tensor):
        if of_divided is not None and isinstance(tensor, DTensor):
            return of_divided(tensor.detach())
        return numpy(whole(tensor))

    return {
        'tensors': {name: converted(each) for name, each in _all_tensors(trainer.model)},
        'optimizer': _replace(optimizer_state(trainer.optim), torch.Tensor, converted),
        'scaler': None if trainer.scaler is None else trainer.scaler.state_dict(),
        'schedulers': [
            _replace(each.scheduler.state_dict(), torch.Tensor, converted)
            for each in trainer.schedulers
        ],
    }


def set_state(trainer: 'Trainer', state: Any) -> None:
    saved = _to_tensors(state['tensors'])
    for name, tensor in _all_tensors(trainer.model):
        fill(tensor, saved[name])
    set_optimizer_state(trainer.optim, _to_tensors(state['optimizer']))
    divide_optimizer(trainer)
    if trainer.scaler is not None and state['scaler'] is not None:
        trainer.scaler.load_state_dict(state['scaler'])
    for callback, saved in zip(trainer.schedulers, state['schedulers'], strict=True):
        callback.scheduler.load_state_dict(_to_tensors(saved))


def shapes(trainer: 'Trainer') -> dict[str, list[int]]:
    """By PyTorch's name: the shapes of all tensors of the model."""
    return {name: list(tensor.shape) for name, tensor in _all_tensors(trainer.model)}


def optimizer_name(trainer: 'Trainer') -> str:
    """What a checkpoint calls the optimizer."""
    return type(trainer.optim).__name__


def get_random_state() -> dict:
    return {
        'cpu': numpy(torch.get_rng_state()),
        'cuda': [numpy(state) for state in torch.cuda.get_rng_state_all()],
    }


def set_random_state(state: Any) -> None:
    torch.set_rng_state(torch.from_numpy(state['cpu'].copy()))
    torch.cuda.set_rng_state_all([torch.from_numpy(each.copy()) for each in state['cuda']])


def _all_tensors(model):
    yield from model.state_dict(keep_vars=True).items()
    yield from plain_tensors(model)


def _to_tensors(state):
    return _replace(state, np.ndarray, lambda array: from_numpy(array.copy()))


def _replace(state, kind, function):
    if isinstance(state, kind):
        return function(state)
    if isinstance(state, dict):
        return {key: _replace(value, kind, function) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(_replace(value, kind, function) for value in state)
    return state
