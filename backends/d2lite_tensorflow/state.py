"""What a training on TensorFlow consists of, as NumPy arrays: to be saved, moved and restored."""

from typing import TYPE_CHECKING, Any

import tensorflow as tf
from tensorflow.python.eager import context

from d2lite.saving.checkpoint import optimizer_state, set_optimizer_state
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.parameters import build, get_parameters, set_parameters  # noqa: F401
from d2lite_tensorflow.precision import scales
from d2lite_tensorflow.tensor import numpy

if TYPE_CHECKING:
    from d2lite_tensorflow.trainer import Trainer


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
    """The seed, and the generator with which TensorFlow numbers its random operations.

    Without a seed (`seed_everything` sets one) TensorFlow's own operations cannot be repeated.
    """
    seed = context.global_seed()
    return {'seed': seed, 'rng': None if seed is None else context.context()._rng.getstate()}


def set_random_state(state: Any) -> None:
    if state['seed'] is not None:
        tf.random.set_seed(state['seed'])
        context.context()._rng.setstate(state['rng'])


def _without_scale(optim):
    return optim.inner_optimizer if scales(optim) else optim


def _loss_scale(optim):
    return [optim.dynamic_scale, optim.step_counter] if scales(optim) else []


def _optimizer_state(optim):
    if not isinstance(optim, keras.optimizers.Optimizer):
        return optimizer_state(optim)
    return [numpy(variable).copy() for variable in optim.variables]


def _set_optimizer_state(optim, saved):
    if not isinstance(optim, keras.optimizers.Optimizer):
        return set_optimizer_state(optim, saved)
    for variable, value in zip(optim.variables, saved, strict=True):
        variable.assign(value)
