"""Arrays and plain values in one safetensors file, which is written whole or not at all.

Nothing is ever unpickled. Each file contains a checksum of its contents, so that a file that was
cut, or in which a single bit has changed, is refused.
"""

import hashlib
import json
import os
from functools import partial

import ml_dtypes
import numpy as np

import d2lite
from d2lite.data.rows import plain_copy
from d2lite.files import replace_file

FORMAT = 1  # of the files; one with a higher number is from a newer d2lite

# What safetensors calls the types of arrays that a file can hold.
DTYPES = {'BOOL': np.bool_, 'F16': np.float16, 'F32': np.float32, 'F64': np.float64}
DTYPES |= {'I8': np.int8, 'I16': np.int16, 'I32': np.int32, 'I64': np.int64}
DTYPES |= {'U8': np.uint8, 'U16': np.uint16, 'U32': np.uint32, 'U64': np.uint64}
DTYPES |= {'BF16': ml_dtypes.bfloat16, 'C64': np.complex64}
DTYPES |= {'F8_E4M3': ml_dtypes.float8_e4m3fn, 'F8_E5M2': ml_dtypes.float8_e5m2}


class FileError(ValueError):
    """A file cannot be read: it is missing, damaged, not d2lite's, or newer than this d2lite."""


def write(path: str | os.PathLike, kind: str, arrays: dict[str, np.ndarray], values: dict) -> None:
    """Writes NumPy arrays and JSON values to `path`, in place of what was there.

    `kind`: 'parameters' or 'checkpoint'. The old file stays until the new one is complete on the
    disk, and has been read back. Raises OSError, the old file untouched, if it cannot be written,
    and TypeError for an array of a type that no file can hold.
    """
    from safetensors.numpy import save

    arrays = {name: plain(name, array) for name, array in arrays.items()}
    described = {'kind': kind, 'format': FORMAT, 'd2lite': d2lite.__version__, 'values': values}
    text = json.dumps(described, sort_keys=True)
    # One entry of metadata, since safetensors writes several in any order: equal arrays make
    # equal files.
    contents = save(arrays, {'d2lite': f'{_checksum(arrays, text)} {text}'})
    replace_file(path, contents, check=partial(checked_arrays, kind))


def plain(name: str, array: np.ndarray) -> np.ndarray:
    """The array as a file holds it. Raises TypeError if none can."""
    array = np.asarray(array)
    if array.dtype.newbyteorder('=') not in map(np.dtype, DTYPES.values()):
        known = ', '.join(np.dtype(dtype).name for dtype in DTYPES.values())
        raise TypeError(
            f'array {name!r} is of type {array.dtype}, which no file can hold: convert it to one '
            f'of {known}'
        )
    return plain_copy(array)


def read(path: str | os.PathLike, kind: str) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and values that `write` put into `path`.

    Raises FileError, which names the file and what is wrong with it.
    """
    arrays, described = checked_arrays(kind, path)
    return arrays, described['values']


def checked_arrays(kind: str, path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays of a file, and its description; FileError if anything is wrong with it."""
    from safetensors import SafetensorError, deserialize, safe_open

    try:
        with open(path, 'rb') as file:  # safetensors does not say why it cannot open a file
            contents = file.read()
        with safe_open(path, 'numpy') as file:
            entry = (file.metadata() or {}).get('d2lite')
        if entry is None:
            raise FileError(f'{path}: a safetensors file, but none that d2lite wrote')
        # As bytes, since safetensors makes arrays of NumPy's own types only.
        arrays = {name: _array(each) for name, each in deserialize(contents)}
    except OSError as error:
        raise FileError(f'{path}: cannot be read: {error.strerror}') from None
    except SafetensorError:
        raise FileError(
            f'{path}: damaged, cut off, or no file of d2lite: its contents cannot be read'
        ) from None
    checksum, _, text = entry.partition(' ')
    if _checksum(arrays, text) != checksum:
        raise FileError(f'{path}: damaged: the contents do not match the checksum stored with them')
    described = json.loads(text)
    if described['format'] > FORMAT:
        raise FileError(
            f'{path}: written by d2lite {described["d2lite"]}, whose format '
            f'{described["format"]} is newer than what this d2lite {d2lite.__version__} reads '
            f'({FORMAT}): update d2lite'
        )
    if described['kind'] != kind:
        raise FileError(f'{path}: holds {described["kind"]}, where {kind} was expected')
    return arrays, described


def pack(state: object) -> tuple[dict[str, np.ndarray], object]:
    """Splits nested dicts, lists and tuples of arrays and plain values into arrays and JSON."""
    arrays = {}

    def visit(value):
        if isinstance(value, np.ndarray | np.generic) and value.dtype != object:
            name = str(len(arrays))
            arrays[name] = np.asarray(value)
            return {'array': name}
        if isinstance(value, dict):
            return {'dict': [[visit(key), visit(each)] for key, each in value.items()]}
        if isinstance(value, tuple | list):
            kind = 'tuple' if isinstance(value, tuple) else 'list'
            return {kind: [visit(each) for each in value]}
        if value is None or isinstance(value, bool | int | float | str):
            return value
        raise TypeError(f'{type(value).__name__} is neither an array nor a plain value: {value!r}')

    return arrays, visit(state)


def unpack(arrays: dict[str, np.ndarray], packed: object) -> object:
    """The inverse of `pack`."""
    if not isinstance(packed, dict):
        return packed
    ((kind, content),) = packed.items()
    if kind == 'array':
        return arrays[content]
    if kind == 'dict':
        return {unpack(arrays, key): unpack(arrays, value) for key, value in content}
    return {'tuple': tuple, 'list': list}[kind](unpack(arrays, value) for value in content)


def _array(entry: dict) -> np.ndarray:
    # A file whose header is damaged may name any type; its checksum will not match.
    dtype = DTYPES.get(entry['dtype'], np.uint8)
    array = np.frombuffer(entry['data'], dtype)
    return array.reshape(entry['shape']) if array.size == np.prod(entry['shape']) else array


def _checksum(arrays: dict[str, np.ndarray], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        # NumPy writes the types of ml_dtypes all alike.
        dtype = array.dtype.name if array.dtype.isbuiltin == 2 else array.dtype.str
        digest.update(json.dumps([name, dtype, array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
