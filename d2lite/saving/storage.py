"""Arrays and plain values in one safetensors file, which is written whole or not at all.

Nothing is ever unpickled. Each file contains a checksum of its contents, so that a file that was
cut, or in which a single bit has changed, is refused.
"""

import hashlib
import json
import os

import numpy as np

import d2lite
from d2lite.files import replace_file

FORMAT = 1  # of the files; one with a higher number is from a newer d2lite


class FileError(ValueError):
    """A file cannot be read: it is missing, damaged, not d2lite's, or newer than this d2lite."""


def write(path: str | os.PathLike, kind: str, arrays: dict[str, np.ndarray], values: dict) -> None:
    """Writes NumPy arrays and JSON values to `path`, in place of what was there.

    `kind`: 'parameters' or 'checkpoint'. The old file stays until the new one is complete on the
    disk. Raises OSError, the old file untouched, if it cannot be written.
    """
    from safetensors.numpy import save

    arrays = {name: np.asarray(array, order='C') for name, array in arrays.items()}
    described = {'kind': kind, 'format': FORMAT, 'd2lite': d2lite.__version__, 'values': values}
    text = json.dumps(described, sort_keys=True)
    # One entry of metadata, since safetensors writes several in any order: equal arrays make
    # equal files.
    replace_file(path, save(arrays, {'d2lite': f'{_checksum(arrays, text)} {text}'}))


def read(path: str | os.PathLike, kind: str) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and values that `write` put into `path`.

    Raises FileError, which names the file and what is wrong with it.
    """
    from safetensors import SafetensorError, safe_open

    try:
        # safetensors does not say why it cannot open a file.
        with open(path, 'rb'), safe_open(path, 'numpy') as file:
            entry = (file.metadata() or {}).get('d2lite')
            if entry is None:
                raise FileError(f'{path}: a safetensors file, but none that d2lite wrote')
            arrays = {name: file.get_tensor(name) for name in file.keys()}
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
    return arrays, described['values']


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


def _checksum(arrays: dict[str, np.ndarray], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
