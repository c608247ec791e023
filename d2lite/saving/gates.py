"""Recurrent layers: the names and layouts in which their parameters move between frameworks.

A layer of `h` hidden units has weight_ih (inputs, gates * h), weight_hh (h, gates * h), bias_ih and
bias_hh (gates * h,); in a second direction, from the end, the same with '_reverse' after it. One
gate follows the other along the last axis: of a GRU the reset gate, the update gate, the new state;
of an LSTM the input gate, the forget gate, the new memory, the output gate. 'rnn.0.weight_ih' is
that of the first layer, 'rnn.1.weight_ih' that of the second.

The two biases of a gate are added, but for one: the reset gate of a GRU scales the second bias of
the new state. A framework that has one bias for the two gives it as the first, and 0 as the second;
it takes the sum.
"""

from collections.abc import Mapping, Sequence

import numpy as np

Arrays = dict[str, np.ndarray]


def numbered_layer(path: str) -> str:
    """The path of a recurrent layer with its number: that of a layer that is in no list is 0."""
    return path if path.rpartition('.')[2].isdigit() else f'{path}.0'


def reordered(array: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """The gates along the last axis in another order: first that which was number `order[0]`."""
    gates = np.split(array, len(order), axis=-1)
    return np.concatenate([gates[number] for number in order], axis=-1)


def transposed(arrays: Mapping[str, np.ndarray], names: Mapping[str, str]) -> Arrays:
    """The arrays under the names that `names` gives them; the weights among these transposed."""
    return {
        names.get(name, name): array.T.copy() if name in names and array.ndim == 2 else array
        for name, array in arrays.items()
    }
