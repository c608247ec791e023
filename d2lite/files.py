"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def replace_file(
    path: str | os.PathLike, data: str | bytes, check: Callable[[Path], None] | None = None
) -> None:
    """Writes `data` (text as UTF-8) to `path`, in place of what was there.

    The old file stays until the new one is complete on the disk. Raises OSError, the old file
    untouched, if it cannot be written; or what `check` raises, which is given the new file before.
    """
    path = Path(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
    try:
        with os.fdopen(descriptor, 'wb') as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        if check is not None:
            check(Path(temporary))
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files that only the owner can read
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def check_writable(name: str, path: str | os.PathLike, or_folder: bool = False) -> None:
    """Raises ValueError unless a file, `or_folder`, can be written to `path`."""
    path = Path(path).absolute()
    if not path.parent.is_dir():
        raise ValueError(f'{name}: there is no folder {path.parent}; make it first')
    if path.is_dir() and not or_folder:
        raise ValueError(f'{name}: {path} is a folder; name a file in it')
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(f'{name}: {path} cannot be written: {error.strerror}') from None


def would_lose_work(path: str | os.PathLike, data: str | bytes) -> bool:
    """Returns True if `path` holds something else than `data`, which somebody may have written."""
    try:
        return Path(path).read_bytes() != (data.encode() if isinstance(data, str) else data)
    except FileNotFoundError:
        return False


def _umask() -> int:
    mask = os.umask(0o022)  # there is no other way to read it
    os.umask(mask)
    return mask
