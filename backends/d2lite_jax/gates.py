"""The parameters of Flax's recurrent cells by their neutral names: see d2lite/saving/gates.py.

Flax has a dense layer for each gate, on the inputs and on the state, and only some of these have a
bias. A cell of one gate calls them 'i' and 'h', others add the letter of the gate.
"""

import re
from collections.abc import Mapping

import numpy as np

from d2lite.saving.gates import numbered_layer

# Such as rnn.0.backward_rnn.cell.hn.weight
_NAME = re.compile(r'(.+?)(?:\.(forward|backward)_rnn)?\.cell\.([ih])([rznifgo]?)\.(weight|bias)')
_ORDERS = ('', 'rzn', 'ifgo')


def neutral_gates(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Parameters with those of recurrent layers in neutral form."""
    neutral, cells = {}, _cells(arrays)
    taken = {name for cell in cells.values() for name in cell.values()}
    for (path, end), cell in cells.items():
        parts = {key: arrays[name] for key, name in cell.items()}
        for gate in _gates(cell):
            if ('i', gate, 'bias') not in parts and ('h', gate, 'bias') in parts:
                parts['i', gate, 'bias'] = parts.pop(('h', gate, 'bias'))  # the one that there is
        has_bias = any(kind == 'bias' for *_, kind in cell)
        for side in 'ih':
            weights = [parts[side, gate, 'weight'] for gate in _gates(cell)]
            neutral[f'{path}.weight_{side}h{end}'] = np.concatenate(weights, axis=-1)
            if has_bias:
                zeros = np.zeros(weights[0].shape[-1:], weights[0].dtype)
                biases = [parts.get((side, gate, 'bias'), zeros) for gate in _gates(cell)]
                neutral[f'{path}.bias_{side}h{end}'] = np.concatenate(biases)
    return {name: array for name, array in arrays.items() if name not in taken} | neutral


def own_gates(
    arrays: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The inverse of `neutral_gates`, for a model whose parameters are `like` these."""
    arrays = dict(arrays)
    for (path, end), cell in _cells(like).items():
        gates, parts = _gates(cell), {}
        for side in 'ih':
            for kind in ('weight', 'bias'):
                fused = arrays.pop(f'{path}.{kind}_{side}h{end}', None)
                if fused is not None:
                    for gate, part in zip(gates, np.split(fused, len(gates), -1), strict=True):
                        parts[side, gate, kind] = part
        for (side, gate, kind), name in cell.items():
            other = 'h' if side == 'i' else 'i'
            alone = kind == 'bias' and (other, gate, kind) not in cell
            part = parts[side, gate, kind]
            arrays[name] = part + parts[other, gate, kind] if alone else part
    return arrays


def _cells(names: Mapping[str, np.ndarray]) -> dict[tuple, dict]:
    """By path and ending: the names of a cell's parameters, by side, gate and kind."""
    cells = {}
    for name in names:
        if found := _NAME.fullmatch(name):
            path, direction, side, gate, kind = found.groups()
            key = numbered_layer(path), '_reverse' if direction == 'backward' else ''
            cells.setdefault(key, {})[side, gate, kind] = name
    return {key: cell for key, cell in cells.items() if _gates(cell) is not None}


def _gates(cell):
    """The gates in neutral order, or None for a cell that has others."""
    found = {(side, gate) for side, gate, kind in cell if kind == 'weight'}
    for order in _ORDERS:
        gates = list(order) or ['']
        if found == {(side, gate) for side in 'ih' for gate in gates}:
            return gates
    return None
