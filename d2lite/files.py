"""Files that are written whole or not at all."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[tuple[BinaryIO, str]]:
    """A temporary file, open for bytes, that takes the place of `path` at the end of the context.

    After an error within it the old file is as it was, and the temporary one is gone.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
    try:
        with os.fdopen(descriptor, 'wb') as file:
            yield file, temporary
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def replace_file(path: Path | str, data: str | bytes) -> None:
    """Writes `data` (text as UTF-8) to `path`, in place of what was there.

    Until all is written the old file stays. Raises OSError, the old file untouched.
    """
    with replacing(Path(path)) as (file, temporary):
        file.write(data.encode() if isinstance(data, str) else data)
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files that only the owner can read


def _umask() -> int:
    mask = os.umask(0o022)  # there is no other way to read it
    os.umask(mask)
    return mask
