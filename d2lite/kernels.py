"""Kernels of Gaussian processes, in NumPy."""

import numpy as np
from numpy.typing import ArrayLike

__all__ = ['rbfkernel']


def rbfkernel(x1: ArrayLike, x2: ArrayLike, ls: float = 4.0) -> np.ndarray:
    """The radial basis function kernel, exp(-|a - b|^2 / (2 ls)), of each a and each b.

    `x1`: (n,) numbers or (n, d) vectors, `x2`: (m,) or (m, d). Returns (n, m). `ls`: the square of
    the length scale. Raises ValueError for what does not fit. Definition: d2l, "Gaussian Process
    Priors".
    """
    one, other = (np.asarray(x, float) for x in (x1, x2))
    one, other = (x[:, None] if x.ndim == 1 else x for x in (one, other))
    if one.ndim != 2 or one.shape[1:] != other.shape[1:]:
        raise ValueError(
            f'x1 must have shape (n,) or (n, d) and x2 (m,) or (m, d), got {np.shape(x1)} and '
            f'{np.shape(x2)}'
        )
    if not ls > 0:
        raise ValueError(f'ls must be above 0, got {ls}')
    distances = ((one[:, None] - other[None]) ** 2).sum(axis=-1)
    return np.exp(-distances / (2 * ls))
