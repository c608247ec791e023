"""The parameters of Gluon's recurrent layers by their neutral names: see d2lite/saving/gates.py.

Gluon has the same gates in the same order, and the outputs of a weight first.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as onp

from d2lite.saving.gates import transposed

# Such as r0_i2h_weight, which is that of the direction from the end.
_NAME = re.compile(r'(?<![^.])([lr])(\d+)_([ih])2h_(weight|bias)$')


def neutral_gates(arrays: Mapping[str, onp.ndarray]) -> dict[str, onp.ndarray]:
    """Parameters with those of recurrent layers in neutral form."""
    return transposed(arrays, _names(arrays))


def own_gates(
    arrays: Mapping[str, onp.ndarray], like: Mapping[str, onp.ndarray]
) -> dict[str, onp.ndarray]:
    """The inverse of `neutral_gates`, for a model whose parameters are `like` these."""
    return transposed(arrays, {neutral: own for own, neutral in _names(like).items()})


def _names(names: Iterable[str]) -> dict[str, str]:
    """By name, for the parameters of recurrent layers: the neutral name."""
    return {name: _NAME.sub(_neutral, name) for name in names if _NAME.search(name)}


def _neutral(found):
    direction, layer, source, kind = found.groups()
    return f'{layer}.{kind}_{source}h' + ('_reverse' if direction == 'r' else '')
