"""The parameters of a model on TensorFlow, as NumPy arrays: to be saved, and moved elsewhere."""

import numpy as np
import tensorflow as tf

from d2lite.saving.layouts import neutral_name, numbers
from d2lite.training.module import set_attribute
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import plain_variables


def get_parameters(trainer):
    """The parameters and running statistics under the names and layouts of d2lite/layouts.py."""
    return {name: np.array(variable) for name, variable, *_ in _trained(trainer.model)}


def set_parameters(trainer, arrays):
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
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


def _trained(model, path=''):
    """(name, variable, the model that has it as an attribute, and its path there)."""
    for name, variable in plain_variables(model):
        if variable.trainable:
            yield _join(path, name), variable, model, name
    yield from _of_layers(model, path)


def _of_layers(layer, path):
    """The same of the layers that `layer` has as attributes or, being a sequence, in order."""
    if isinstance(layer, keras.Sequential):
        layers = layer.layers
        named = zip(numbers(layers, lambda each: len(each.weights) > 0), layers, strict=True)
    else:
        named = [
            (name, value)
            for name, value in vars(layer).items()
            if isinstance(value, keras.layers.Layer) and not name.startswith('_')
        ]
    for name, child in named:
        if name is None:
            continue
        prefix = _join(path, str(name))
        if isinstance(child, keras.Model):
            yield from _trained(child, prefix)
        else:
            for variable in child.weights:
                own = variable.name.rpartition('/')[2].removesuffix(':0')
                yield f'{prefix}.{neutral_name(own)}', variable, None, None


def _join(path, name):
    return f'{path}.{name}' if path else name
