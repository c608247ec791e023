"""The parameters of Keras's recurrent layers by their neutral names: see d2lite/saving/gates.py.

Keras has the update gate of a GRU before the reset gate. A GRU has two biases, in one array; the
other layers have one bias.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from d2lite.saving.gates import numbered_layer, reordered

_ORDERS = {1: [0], 3: [1, 0, 2], 4: [0, 1, 2, 3]}  # by the number of gates, there and back


def neutral_gates(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Parameters with those of recurrent layers in neutral form."""
    arrays = dict(arrays)
    for path, end in _layers(arrays):
        weight = arrays.pop(f'{path}.weight{end}')
        recurrent = arrays.pop(f'{path}.recurrent_kernel{end}')
        order = _order(recurrent)
        neutral = {'weight_ih': weight, 'weight_hh': recurrent}
        if (bias := arrays.pop(f'{path}.bias{end}', None)) is not None:
            both = bias if len(bias.shape) == 2 else (bias, np.zeros_like(bias))
            neutral['bias_ih'], neutral['bias_hh'] = both
        for name, array in neutral.items():
            arrays[_neutral(path, name, end)] = reordered(array, order)
    return arrays


def own_gates(
    arrays: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The inverse of `neutral_gates`, for a model whose parameters are `like` these."""
    arrays = dict(arrays)
    for path, end in _layers(like):
        order = _order(like[f'{path}.recurrent_kernel{end}'])

        def taken(name, path=path, end=end, order=order):
            return reordered(arrays.pop(_neutral(path, name, end)), order)

        arrays[f'{path}.weight{end}'] = taken('weight_ih')
        arrays[f'{path}.recurrent_kernel{end}'] = taken('weight_hh')
        if (bias := like.get(f'{path}.bias{end}')) is not None:
            both = np.stack([taken('bias_ih'), taken('bias_hh')])
            arrays[f'{path}.bias{end}'] = both if len(bias.shape) == 2 else both.sum(axis=0)
    return arrays


def _layers(arrays: Mapping[str, np.ndarray]) -> Iterable[tuple[str, str]]:
    """(path, what follows its names) of the recurrent layers; '#1' follows in a second direction.

    Not a GRU whose reset gate comes before the product with the state, which no other framework
    has: `reset_after=False` with its single bias.
    """
    found = []
    for name, array in arrays.items():
        path, _, last = name.rpartition('.')
        kind, number, _ = last.partition('#')
        if kind == 'recurrent_kernel':
            end = last.removeprefix(kind)
            bias = arrays.get(f'{path}.bias{end}')
            if not (len(_order(array)) == 3 and bias is not None and len(bias.shape) == 1):
                found.append((path, end))
    return found


def _order(recurrent):
    return _ORDERS[recurrent.shape[1] // recurrent.shape[0]]


def _neutral(path, name, end):
    return f'{numbered_layer(path)}.{name}' + ('_reverse' if end else '')
