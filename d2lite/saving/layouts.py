"""Names and layouts of parameters that no framework owns, in which they move between frameworks.

A parameter is called by the attributes that lead to it, the children of a sequence by their number
among those that have parameters: 'net.0.weight'. Images have their channels last, so a dense
weight is (in, out), and a convolution's (height, width, in, out), the outputs always last. That is
how TensorFlow and JAX keep them; PyTorch and MXNet keep the channels, and the outputs, first.
"""

import numpy as np

__all__ = ['from_neutral', 'neutral_name', 'numbers', 'to_neutral']

# What the frameworks call a layer's weights, its biases, and the statistics of a normalisation.
SYNONYMS = {
    'weight': ('kernel', 'embedding', 'embeddings', 'gamma', 'scale'),
    'bias': ('beta',),
    'running_mean': ('moving_mean', 'mean'),
    'running_var': ('moving_variance', 'moving_var', 'var'),
}
NEUTRAL = {theirs: ours for ours, names in SYNONYMS.items() for theirs in names}


def neutral_name(name):
    """The name that a parameter of a framework's own layer has in files."""
    return NEUTRAL.get(name, name)


def numbers(children, has_parameters):
    """The number that each of a sequence's `children` has among those with parameters, or None.

    Activations and the like are layers of their own here, and arguments of a layer there.
    """
    count = iter(range(len(children)))
    return [next(count) if has_parameters(child) else None for child in children]


def to_neutral(weight, image=None):
    """The weight (out, in, ...) of a dense or convolutional layer, with the outputs last.

    `image`: (channels, height, width) if the inputs of a dense layer are that, flattened.
    """
    weight = np.moveaxis(weight, (0, 1), (-1, -2))
    if image is not None:
        weight = weight.reshape(*image, -1).transpose(1, 2, 0, 3).reshape(weight.shape)
    return weight.copy(order='C')


def from_neutral(weight, image=None):
    """The weight that `to_neutral` was given."""
    if image is not None:
        channels, height, width = image
        images = weight.reshape(height, width, channels, -1)
        weight = images.transpose(2, 0, 1, 3).reshape(weight.shape)
    return np.moveaxis(weight, (-1, -2), (0, 1)).copy(order='C')  # never the array that was given
