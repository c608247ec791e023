"""Precision on TensorFlow: TF32 or not, and mixed precision by Keras's policies."""

import contextlib
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from d2lite.training.precision import FIRST_SCALE, GROWTH_INTERVAL, HALF, refuse
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import Module, layers_in, plain_variables

if TYPE_CHECKING:
    from d2lite_tensorflow.trainer import Trainer


def refusal(trainer: 'Trainer', model: Module | None) -> str:
    """Why this training cannot have its precision; '' if it can."""
    if trainer.precision not in HALF:
        return ''
    if not hasattr(keras, 'config'):
        return (
            'the layers of Keras 2 keep the policy that they are made with; Keras 3 can change it'
        )
    modules = layers_in(model) if model is not None else ()
    for module in modules:
        if isinstance(module, Module) and any(v.trainable for _, v in plain_variables(module)):
            return (
                f"{type(module).__name__} trains tf.Variables of its own, and Keras's policies "
                f'hold for layers only'
            )
    return ''


def prepare(trainer: 'Trainer') -> None:
    """Scales the loss in '16-mixed' by Keras's optimizer for that, and elsewhere not.

    Raises ValueError if the optimizer is none of Keras.
    """
    optim = trainer.optim
    if trainer.precision != '16-mixed':
        if scales(optim):
            trainer.optim = optim.inner_optimizer
    elif not scales(optim):
        if not isinstance(optim, keras.optimizers.Optimizer):
            name = type(optim).__name__
            refuse(trainer, f'LossScaleOptimizer takes an optimizer of Keras, got {name}')
        trainer.optim = keras.optimizers.LossScaleOptimizer(optim, FIRST_SCALE, GROWTH_INTERVAL)
    if trainer.precision in HALF and not trainer.fitting:
        # So that layers that are made in a `build` get the policy, too.
        trainer.serialization.build(trainer, trainer.first_batch())
    if scales(trainer.optim) and not trainer.optim.built:
        trainer.optim.build(trainer.model.trainable_variables)


@contextlib.contextmanager
def settings(trainer: 'Trainer') -> Iterator[None]:
    """TensorFlow's settings for the trainer's precision; afterwards they are as before."""
    tf32 = tf.config.experimental.tensor_float_32_execution_enabled()
    policies = []
    if trainer.precision in HALF:
        layers = list(layers_in(trainer.model))
        # A layer that a lesson has made with another policy keeps that.
        policies = [
            (each, each.dtype_policy) for each in layers if each.dtype_policy.name == 'float32'
        ]
    tf.config.experimental.enable_tensor_float_32_execution(trainer.precision == 'tf32')
    try:
        for layer, _ in policies:
            layer.dtype_policy = _policy(f'mixed_{HALF[trainer.precision]}')
        yield
    finally:
        for layer, policy in policies:
            layer.dtype_policy = policy
        tf.config.experimental.enable_tensor_float_32_execution(tf32)


@contextlib.contextmanager
def in_float64() -> Iterator[None]:
    """Keras's settings with which models are made and trained in float64, undone afterwards."""
    # The policy is for layers, the other setting for losses and learning rates.
    floatx, policy = keras.backend.floatx(), keras.mixed_precision.global_policy()
    keras.backend.set_floatx('float64')
    keras.mixed_precision.set_global_policy('float64')
    try:
        yield
    finally:
        keras.backend.set_floatx(floatx)
        keras.mixed_precision.set_global_policy(policy)


@functools.cache  # another object would be a change that leads to a new trace
def _policy(name):
    return keras.dtype_policies.get(name)


def scales(optim: Any) -> bool:
    """Returns True for an optimizer that takes gradients of a scaled loss."""
    kind = getattr(keras.optimizers, 'LossScaleOptimizer', None)  # Keras 2 has it elsewhere
    return kind is not None and isinstance(optim, kind)
