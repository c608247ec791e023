"""The parameters of a model on TensorFlow, as NumPy arrays: to be saved, and moved elsewhere."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from d2lite.saving.layouts import neutral_names
from d2lite.saving.numbering import numbered
from d2lite.training.batches import inputs_of
from d2lite.training.module import attributes, set_attribute
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.gates import neutral_gates, own_gates
from d2lite_tensorflow.module import Module, plain_variables
from d2lite_tensorflow.tensor import numpy


def get_parameters(trainer: Any) -> dict[str, np.ndarray]:
    """The parameters and running statistics by neutral names, in neutral layouts."""
    arrays = {name: numpy(variable).copy() for name, variable, *_ in _variables(trainer)}
    return neutral_gates(arrays)


def set_parameters(trainer: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
    variables = _variables(trainer)
    arrays = own_gates(arrays, {name: variable for name, variable, *_ in variables})
    for name, variable, owner, path in variables:
        if owner is None or variable.dtype == arrays[name].dtype:
            variable.assign(arrays[name])
        else:  # a variable keeps its dtype, so one of another dtype takes its place
            set_attribute(owner, path, tf.Variable(arrays[name]))


def build(trainer: Any, batch: tuple[tf.Tensor, ...]) -> None:
    """Gives layers that have no variables yet their shapes."""
    # Without such layers no pass, since the parameters may still be of another dtype than the data.
    if not all(layer.built for layer in trainer.model.layers):
        trainer.model.apply_init(inputs_of(batch))


def _variables(trainer):
    """(name, variable, the model that has it as an attribute, and its path there) of all."""
    found = {}
    for path, *rest in _of_layer(trainer.model):
        same = sum(each.partition('#')[0] == path for each in found)
        found[f'{path}#{same}' if same else path] = rest  # within one layer of Keras
    return [(name, *found[path]) for path, name in numbered(found).items()]


def _of_layer(layer, before=''):
    """The same with paths for names; each path begins with what stands `before` it."""
    plain = plain_variables(layer) if isinstance(layer, Module) else []
    for path, variable in plain:
        if variable.trainable:
            yield before + path, variable, layer, path
    seen = {id(variable) for _, variable in plain}
    for name, child in _children_of(layer):
        yield from _of_layer(child, f'{before}{name}.')
        seen.update(map(id, child.weights))
    own = [variable for variable in layer.weights if id(variable) not in seen]
    names = neutral_names(map(_name_of, own))
    for variable in own:
        yield f'{before}{names[_name_of(variable)]}', variable, None, None


def _name_of(variable):
    return variable.name.rpartition('/')[2].removesuffix(':0')


def _children_of(layer):
    """(name, layer) of the layers that a layer has in its attributes, or in its sequence."""
    if type(layer).__module__.partition('.')[0] in ('keras', 'tf_keras'):
        # What a layer of Keras is made of, the cell of an LSTM, say, is none of our names.
        return enumerate(layer.layers) if isinstance(layer, keras.Model) else ()
    return [pair for pair in attributes(layer) if isinstance(pair[1], keras.layers.Layer)]
