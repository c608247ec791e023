"""A folder of its own for each page and tab that runs, for `d2lite run --isolated`.

It is a copy of the folder that was named, so that a page in it finds `../img/cat.jpg`. What the
page writes there is gone when it has ended. Files above 1 MiB, such as data sets, are links and not
copies; hidden files are left out. For a page that was named itself, the files beside it are copied,
and the folders beside it are links: it may lie in somebody's home.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_COPIED = 2**20  # bytes
PREFIX = 'd2lite-page-'


@contextmanager
def scratch_folder(page: Path, place: Path, named: bool, skip: Path) -> Iterator[Path]:
    """The folder to run `page` in; `place` is the page's path below the folder to copy.

    `named`: the page was named itself. `skip` is a folder that is not copied, such as that of the
    outputs.
    """
    root = page.resolve().parents[len(place.parts) - 1]
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        copy = Path(folder, root.name or 'root')
        _copy(root, copy, not named, skip.resolve())
        yield copy / place.parent


def _copy(source: Path, target: Path, deep: bool, skip: Path) -> None:
    target.mkdir()
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.name.startswith(('.', '__', PREFIX)) or path == skip:
            continue
        if deep and entry.is_dir(follow_symlinks=False):
            _copy(path, target / entry.name, deep, skip)
        elif entry.is_file() and entry.stat().st_size <= MAX_COPIED:
            shutil.copyfile(path, target / entry.name)
        else:
            (target / entry.name).symlink_to(path.absolute())
