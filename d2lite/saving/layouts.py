"""Neutral names and layouts, in which parameters move between frameworks.

The name of a parameter is the path of attributes that leads to it, in which the children of a
sequence are numbered among those that have parameters: 'net.0.weight'. The outputs of a weight are
last: (in, out) for a dense layer, (height, width, in, out) for a convolution. TensorFlow and JAX
keep them so; PyTorch and MXNet keep channels and outputs first.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np

# The frameworks' names of a layer's weights, biases, and the statistics of a normalisation.
SYNONYMS = {
    'weight': ('kernel', 'embedding', 'embeddings', 'gamma', 'scale'),
    'bias': ('beta',),
    'running_mean': ('moving_mean', 'mean'),
    'running_var': ('moving_variance', 'moving_var', 'var'),
}
NEUTRAL = {theirs: ours for ours, names in SYNONYMS.items() for theirs in names}


def neutral_names(names: Iterable[str]) -> dict[str, str]:
    """By name, for the parameters of one layer: the neutral name.

    Where two would have the same, as `weight` and `scale` of a lesson's layer, both keep theirs.
    """
    found = {name: NEUTRAL.get(name, name) for name in names}
    times = Counter(found.values())
    return {name: neutral if times[neutral] == 1 else name for name, neutral in found.items()}


def to_neutral(weight: np.ndarray, image: tuple[int, int, int] | None = None) -> np.ndarray:
    """The weight (out, in, ...) of a dense or convolutional layer, with the outputs last.

    `image`: (channels, height, width) if the inputs of a dense layer are that, flattened.
    """
    weight = np.moveaxis(weight, (0, 1), (-1, -2))
    if image is not None:
        weight = weight.reshape(*image, -1).transpose(1, 2, 0, 3).reshape(weight.shape)
    return weight.copy(order='C')


def from_neutral(weight: np.ndarray, image: tuple[int, int, int] | None = None) -> np.ndarray:
    """The inverse of `to_neutral`: the weight with the outputs first."""
    if image is not None:
        channels, height, width = image
        images = weight.reshape(height, width, channels, -1)
        weight = images.transpose(2, 0, 1, 3).reshape(weight.shape)
    return np.moveaxis(weight, (-1, -2), (0, 1)).copy(order='C')  # never a view of `weight`
