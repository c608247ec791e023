"""The parameters of NNX's recurrent cells by their neutral names: see d2lite/saving/gates.py.

NNX has one dense layer for all gates on the inputs, and one on the state, with the gates in the
neutral order. Some cells have a bias in one of the two only.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from d2lite.saving.gates import numbered_layer

# Such as rnn.0.backward_cell.dense_i.weight
_NAME = re.compile(r'(.+)\.(forward|backward)_cell\.dense_([ih])\.(weight|bias)')


def neutral_gates(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Parameters with those of recurrent layers in neutral form."""
    neutral, cells = dict(arrays), _cells(arrays)
    for (path, end), cell in cells.items():
        parts = {key: neutral.pop(name) for key, name in cell.items()}
        biases = [parts[side, 'bias'] for side in 'ih' if (side, 'bias') in parts]
        biases += [np.zeros_like(bias) for bias in biases[:1] if len(biases) == 1]
        for side in 'ih':
            neutral[f'{path}.weight_{side}h{end}'] = parts[side, 'weight']
        for side, bias in zip('ih', biases, strict=False):
            neutral[f'{path}.bias_{side}h{end}'] = bias
    return neutral


def own_gates(arrays: Mapping[str, np.ndarray], like: Iterable[str]) -> dict[str, np.ndarray]:
    """The inverse of `neutral_gates`, for a model whose parameters are `like` these."""
    own = dict(arrays)
    for (path, end), cell in _cells(like).items():
        for (side, kind), name in cell.items():
            own[name] = arrays[f'{path}.{kind}_{side}h{end}']
            other = 'h' if side == 'i' else 'i'
            if kind == 'bias' and (other, kind) not in cell:  # the only one has the sum
                own[name] = own[name] + arrays[f'{path}.bias_{other}h{end}']
    return own


def _cells(names: Iterable[str]) -> dict[tuple, dict]:
    """By path and ending: the names of a cell's parameters, by side and kind."""
    cells = {}
    for name in names:
        if found := _NAME.fullmatch(name):
            path, direction, side, kind = found.groups()
            key = numbered_layer(path), '_reverse' if direction == 'backward' else ''
            cells.setdefault(key, {})[side, kind] = name
    return cells
