"""What a training on TensorFlow consists of, as NumPy arrays: to be saved, moved and restored."""

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

from d2lite.checkpoint import optimizer_state, set_optimizer_state
from d2lite.module import set_attribute
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import plain_variables


def get_parameters(trainer):
    """The parameters by neutral names: those of their attributes, and weights as (in, out)."""
    return {name: np.array(variable) for name, variable, *_ in _trained(trainer.model)}


def set_parameters(trainer, arrays):
    """Gives the parameters the values, and the dtypes, of arrays under neutral names."""
    for name, variable, owner, path in list(_trained(trainer.model)):
        if owner is None or variable.dtype == arrays[name].dtype:
            variable.assign(arrays[name])
        else:  # a variable keeps its dtype, so one of another dtype takes its place
            set_attribute(owner, path, tf.Variable(arrays[name]))


def build(trainer, batch):
    """Gives layers that have no variables yet their shapes."""
    # Without such layers no pass, since the parameters may still be of another dtype than the data.
    if not all(layer.built for layer in trainer.model.layers):
        trainer.model.apply_init(batch[:-1])


def get_state(trainer):
    """All that decides how training goes on, exactly as it is."""
    return {
        'variables': [np.array(variable) for variable in trainer.model.variables],
        'optimizer': _optimizer_state(trainer.optim),
    }


def set_state(trainer, state):
    for variable, value in zip(trainer.model.variables, state['variables'], strict=True):
        variable.assign(value)
    if isinstance(trainer.optim, keras.optimizers.Optimizer):
        trainer.optim.build(trainer.model.trainable_variables)
    _set_optimizer_state(trainer.optim, state['optimizer'])


def get_random_state():
    """The seed, and the generator with which TensorFlow numbers its random operations.

    Without a seed (`seed_everything` sets one) TensorFlow's own operations cannot be repeated.
    """
    seed = context.global_seed()
    return {'seed': seed, 'rng': None if seed is None else context.context()._rng.getstate()}


def set_random_state(state):
    if state['seed'] is not None:
        tf.random.set_seed(state['seed'])
        context.context()._rng.setstate(state['rng'])


def _trained(model, path=''):
    """(neutral name, variable, the model that has it as an attribute, and its path there)."""
    prefix = f'{path}.' if path else ''
    for name, variable in plain_variables(model):
        if variable.trainable:
            yield prefix + name, variable, model, name
    for name, value in vars(model).items():
        if isinstance(value, keras.layers.Layer) and not name.startswith('_'):
            yield from _of_layer(value, prefix + name)


def _of_layer(layer, path):
    if isinstance(layer, keras.Sequential):
        for index, each in enumerate(layer.layers):
            yield from _of_layer(each, f'{path}.{index}')
    elif isinstance(layer, keras.Model):
        yield from _trained(layer, path)
    else:
        for variable in layer.trainable_variables:
            name = variable.name.rpartition('/')[2].removesuffix(':0')
            # Keras calls the weight of a dense layer its kernel.
            yield f'{path}.{"weight" if name == "kernel" else name}', variable, None, None


def _optimizer_state(optim):
    if not isinstance(optim, keras.optimizers.Optimizer):
        return optimizer_state(optim)
    return [np.array(variable) for variable in optim.variables]


def _set_optimizer_state(optim, saved):
    if not isinstance(optim, keras.optimizers.Optimizer):
        return set_optimizer_state(optim, saved)
    for variable, value in zip(optim.variables, saved, strict=True):
        variable.assign(value)
