"""Rows of data, as NumPy has them: integers, slices and masks select; no other row is made up.

The frameworks differ: JAX takes NaN for a row past the end, MXNet the last row, and a mask is for
some an array of zeros and ones.
"""

import numpy as np


def row_numbers(rows: slice | np.ndarray, length: int) -> np.ndarray:
    """The rows that a slice, integers or a mask name, as numbers from 0 to `length` - 1.

    Raises IndexError for a row past the end and for a mask of another length, TypeError for what is
    neither integers nor booleans.
    """
    if isinstance(rows, slice):
        return np.arange(*rows.indices(length))
    if rows.ndim != 1:
        raise IndexError(f'rows are a sequence of integers or a mask, got shape {rows.shape}')
    if rows.dtype == bool:
        if len(rows) != length:
            raise IndexError(f'a mask of {len(rows)} entries does not fit data of {length} rows')
        return np.flatnonzero(rows)
    if rows.size and rows.dtype.kind not in 'iu':
        raise TypeError(
            f'rows are integers or a mask, got numbers of type {rows.dtype}: write '
            f'd2l.astype(rows, d2l.int32)'
        )
    rows = rows.astype(np.int64)
    if len(bad := rows[(rows < -length) | (rows >= length)]):
        raise IndexError(f'row {bad[0]} does not exist: the data have {length} rows')
    return np.where(rows < 0, rows + length, rows)


def plain_copy(array: np.ndarray) -> np.ndarray:
    """The same numbers in the order of the axes and in the byte order of this machine."""
    return np.array(array, array.dtype.newbyteorder('='), order='C')
