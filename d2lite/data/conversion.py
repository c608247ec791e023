"""Lists, NumPy arrays and tensors of any framework as NumPy arrays of numbers."""

from typing import Any

import numpy as np

from d2lite.data.rows import plain_copy


def as_array(values: Any) -> np.ndarray:
    """The numbers in `values`, in a NumPy array of their own; those of a list are float32.

    Raises TypeError for text and other objects, and for lists that are not all as long.
    """
    if hasattr(values, 'asnumpy'):  # MXNet's
        array = values.asnumpy()
    elif hasattr(values, 'detach'):  # PyTorch's
        array = values.detach().cpu().numpy()
    elif isinstance(values, list | tuple):
        array = _of_list(values)
    elif isinstance(values, np.ndarray | np.generic) or hasattr(values, 'shape'):
        array = np.asarray(values)
    else:
        raise TypeError(
            f'expected a tensor, a NumPy array or a list of numbers, got {type(values).__name__}'
        )
    if array.dtype.kind in 'OUS':
        example = next(iter(array.reshape(-1).tolist()), None)
        raise TypeError(
            f'data are numbers, got {example!r}: number the classes or words, e.g. by '
            f'np.unique(names, return_inverse=True), and leave out columns of text'
        )
    return plain_copy(array)


def _of_list(values):
    try:
        array = np.asarray(values)
    except ValueError:
        raise TypeError(
            'expected a list of numbers, or of lists that are all as long: these have different '
            'lengths'
        ) from None
    return array.astype(np.float32) if array.dtype == np.float64 else array
