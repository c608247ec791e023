"""The parameters of a model on TensorFlow, as NumPy arrays: to be saved, and moved elsewhere."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from d2lite.saving.layouts import neutral_name
from d2lite.saving.numbering import numbered
from d2lite.training.module import set_attribute
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import plain_variables


def get_parameters(trainer: Any) -> dict[str, np.ndarray]:
    """The parameters and running statistics by neutral names, in neutral layouts."""
    return {name: np.array(variable) for name, variable, *_ in _variables(trainer)}


def set_parameters(trainer: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
    for name, variable, owner, path in _variables(trainer):
        if owner is None or variable.dtype == arrays[name].dtype:
            variable.assign(arrays[name])
        else:  # a variable keeps its dtype, so one of another dtype takes its place
            set_attribute(owner, path, tf.Variable(arrays[name]))


def build(trainer: Any, batch: tuple[tf.Tensor, ...]) -> None:
    """Gives layers that have no variables yet their shapes."""
    # Without such layers no pass, since the parameters may still be of another dtype than the data.
    if not all(layer.built for layer in trainer.model.layers):
        trainer.model.apply_init(batch[:-1])


def _variables(trainer):
    """(name, variable, the model that has it as an attribute, and its path there) of all."""
    found = {path: rest for path, *rest in _of_model(trainer.model)}
    return [(name, *found[path]) for path, name in numbered(found).items()]


def _of_model(model, before=''):
    """The same with paths for names; each path begins with what stands `before` it."""
    for path, variable in plain_variables(model):
        if variable.trainable:
            yield before + path, variable, model, path
    if isinstance(model, keras.Sequential):
        children = enumerate(model.layers)
    else:
        children = [
            (name, value)
            for name, value in vars(model).items()
            if isinstance(value, keras.layers.Layer) and not name.startswith('_')
        ]
    for name, child in children:
        if isinstance(child, keras.Model):
            yield from _of_model(child, f'{before}{name}.')
        else:
            for variable in child.weights:
                own = variable.name.rpartition('/')[2].removesuffix(':0')
                yield f'{before}{name}.{neutral_name(own)}', variable, None, None
