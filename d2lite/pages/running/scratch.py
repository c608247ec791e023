"""A folder of its own for each page and tab that runs, for `d2lite run --isolated`.

It holds what lies in the folder of the page, or in the whole folder that was named, so that
`../img/cat.jpg` is found. What the page writes there is gone when it has ended. Files above 1 MiB,
such as data sets, are links and not copies; hidden files are left out.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_COPIED = 2**20  # bytes


@contextmanager
def scratch_folder(page: Path, place: Path, skip: Path) -> Iterator[Path]:
    """The folder to run `page` in; `place` is the page's path below the folder to copy.

    `skip` is a folder that is not copied, such as that of the outputs.
    """
    root = page.resolve().parents[len(place.parts) - 1]
    with tempfile.TemporaryDirectory(prefix='d2lite-page-', ignore_cleanup_errors=True) as folder:
        copy = Path(folder, root.name or 'root')
        _copy(root, copy, skip.resolve())
        yield copy / place.parent


def _copy(source: Path, target: Path, skip: Path) -> None:
    target.mkdir()
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.name.startswith(('.', '__')) or path == skip:
            continue
        if entry.is_dir(follow_symlinks=False):
            _copy(path, target / entry.name, skip)
        elif entry.is_file() and entry.stat().st_size <= MAX_COPIED:
            shutil.copyfile(path, target / entry.name)
        else:
            (target / entry.name).symlink_to(path.absolute())
