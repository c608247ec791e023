"""Memory that a framework on a CPU can use as it is."""

import numpy as np

__all__ = ['aligned']

ALIGNMENT = 64  # bytes, what XLA and TensorFlow want arrays to begin at


def aligned(array):
    """A copy of a NumPy array that begins where frameworks want it, so that they copy no more.

    NumPy asks Linux for large pages, which XLA and TensorFlow do not: from 400 MB, rows in random
    order are gathered in 0.7 (XLA) and 0.85 (TensorFlow) of the time.
    """
    memory = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    dtype = array.dtype.newbyteorder('=')
    copy = memory[start : start + array.nbytes].view(dtype).reshape(array.shape)
    copy[...] = array
    return copy
