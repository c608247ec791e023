"""The IDX format of MNIST and its relatives.

Format: two zero bytes, the type (8: unsigned bytes), the number of axes, the length of each axis in
four bytes, the highest first, and then the values, the last axis changing fastest.
"""

import gzip
import math
import os
import zlib
from pathlib import Path

import numpy as np

from d2lite.saving.storage import FileError

UNSIGNED_BYTES = 8


def read_idx(path: str | os.PathLike, num_axes: int) -> np.ndarray:
    """The uint8 array with `num_axes` axes in an IDX file, compressed with gzip or not.

    Raises FileError, which names the file, if it is missing, damaged, or holds something else.
    """
    data = _unpacked(path)
    expected = bytes([0, 0, UNSIGNED_BYTES, num_axes])
    if data[:4] != expected:
        raise FileError(
            f'{path} is not the IDX file that was expected: it begins with the magic number '
            f'{data[:4].hex(" ") or "of no bytes"}, and unsigned bytes with {num_axes} axes begin '
            f'with {expected.hex(" ")}'
        )
    header = 4 + 4 * num_axes
    if len(data) < header:
        raise FileError(f'{path} was cut: its header has {len(data)} bytes of {header}')
    shape = tuple(int(n) for n in np.frombuffer(data, '>u4', num_axes, offset=4))
    found, announced = len(data) - header, math.prod(shape)
    if found != announced:
        axes = ' x '.join(map(str, shape))
        raise FileError(
            f'{path} has a wrong count or was cut: its header announces {axes} = {announced} '
            f'bytes, and {found} follow'
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def _unpacked(path: str | os.PathLike) -> bytes:
    try:
        data = Path(path).read_bytes()
        return gzip.decompress(data) if data[:2] == b'\x1f\x8b' else data
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileError(f'{path} is damaged: gzip cannot unpack it ({error})') from None
    except OSError as error:
        raise FileError(f'{path} cannot be read: {error.strerror or error}') from None
