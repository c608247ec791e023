"""The parameters of PyTorch's recurrent layers by their neutral names: see d2lite/saving/gates.py.

PyTorch has the same gates in the same order, and the outputs of a weight first.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from d2lite.saving.gates import transposed

# Such as weight_ih_l0_reverse.
_NAME = re.compile(r'(?<![^.])(weight|bias)_(ih|hh)_l(\d+)(_reverse)?$')


def neutral_gates(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Parameters with those of recurrent layers in neutral form."""
    return transposed(arrays, _names(arrays))


def own_gates(
    arrays: Mapping[str, np.ndarray], like: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The inverse of `neutral_gates`, for a model whose parameters are `like` these."""
    return transposed(arrays, {neutral: own for own, neutral in _names(like).items()})


def _names(names: Iterable[str]) -> dict[str, str]:
    """By name, for the parameters of recurrent layers: the neutral name."""
    return {name: _NAME.sub(r'\3.\1_\2\4', name) for name in names if _NAME.search(name)}
