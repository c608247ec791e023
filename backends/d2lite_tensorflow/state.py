"""What a training on TensorFlow consists of, as NumPy arrays: to be saved, moved and restored."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from d2lite.saving.optimizer_state import optimizer_state, set_optimizer_state
from d2lite.seeds import next_seed
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.parameters import build, get_parameters, set_parameters  # noqa: F401
from d2lite_tensorflow.precision import scales
from d2lite_tensorflow.tensor import numpy

if TYPE_CHECKING:
    from d2lite_tensorflow.trainer import Trainer

SEED_OF_NONE = 87654321  # what TensorFlow uses for an operation with a seed where no other is set

_rank = 0  # of this process, while it draws numbers of its own


def get_state(trainer: 'Trainer') -> dict:
    """All that decides how training goes on, exactly as it is."""
    return {
        'variables': [numpy(variable).copy() for variable in trainer.model.variables],
        'optimizer': _optimizer_state(_without_scale(trainer.optim)),
        'loss_scale': [variable.numpy() for variable in _loss_scale(trainer.optim)],
    }


def set_state(trainer: 'Trainer', state: Any) -> None:
    for variable, value in zip(trainer.model.variables, state['variables'], strict=True):
        variable.assign(value)
    optim = _without_scale(trainer.optim)
    if isinstance(optim, keras.optimizers.Optimizer):
        optim.build(trainer.model.trainable_variables)
    _set_optimizer_state(optim, state['optimizer'])
    if state['loss_scale']:
        for variable, value in zip(_loss_scale(trainer.optim), state['loss_scale'], strict=False):
            variable.assign(value)


def optimizer_name(trainer: 'Trainer') -> str:
    """What a checkpoint calls the optimizer."""
    optim = _without_scale(trainer.optim)
    return type(optim).__name__ + (' with momentum' if getattr(optim, 'momentum', 0) else '')


def get_random_state() -> dict:
    """TensorFlow does not tell its random state: a new one begins here, from a seed that is known.

    So where a step draws from `tf.random`, the same bits need checkpoints after the same steps.
    Without a seed (`seed_everything` sets one) its numbers cannot be repeated, and stay so.
    """
    seed = next_seed('keys') if is_seeded() else None
    set_random_state({'seed': seed})
    return {'seed': seed}


def set_random_state(state: Any) -> None:
    if state['seed'] is not None:
        tf.random.set_seed(state['seed'] + _rank)


@contextlib.contextmanager
def own_numbers(rank: int) -> Iterator[None]:
    """Within this context `tf.random` draws other numbers in each process, afterwards the same."""
    global _rank
    _rank = rank
    get_random_state()  # the numbers begin anew
    try:
        yield
    finally:
        _rank = 0
        get_random_state()


def is_seeded() -> bool:
    """Returns True if `tf.random` was given a seed."""
    return tf.compat.v1.random.get_seed(0)[0] != SEED_OF_NONE


def _without_scale(optim):
    return optim.inner_optimizer if scales(optim) else optim


def _loss_scale(optim):
    return [optim.dynamic_scale, optim.step_counter] if scales(optim) else []


def _optimizer_state(optim):
    if isinstance(optim, list):
        return [_optimizer_state(each) for each in optim]
    if not isinstance(optim, keras.optimizers.Optimizer):
        return optimizer_state(optim)
    return [numpy(variable).copy() for variable in optim.variables]


def _set_optimizer_state(optim, saved):
    if isinstance(optim, list):
        for each, of_each in zip(optim, saved, strict=True):
            _set_optimizer_state(each, of_each)
        return None
    if not isinstance(optim, keras.optimizers.Optimizer):
        return set_optimizer_state(optim, saved)
    variables = list(optim.variables)
    if len(variables) != len(saved):
        raise ValueError(
            f'{type(optim).__name__} has {len(variables)} variables, and {len(saved)} in the '
            f'checkpoint: configure_optimizers() has to build each of several optimizers, as in '
            f'optim.build(self.net.trainable_variables)'
        )
    for variable, value in zip(variables, saved, strict=True):
        variable.assign(value)
