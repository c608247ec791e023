"""The files of a folder that d2lite has written, so that it writes over nothing else.

A hidden file in the folder holds a hash of each. A file that differs from it, or that is not in it,
may be somebody's work: a notebook that was changed in Jupyter, a page of the same name.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from d2lite.files import replace_file

NAME = '.d2lite-written.json'


class Written:
    """What d2lite has written into `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.hashes = dict(json.loads((folder / NAME).read_text(encoding='utf-8')))
        except (OSError, ValueError, TypeError):
            self.hashes = {}  # then every file that is there counts as somebody's

    def of_others(self, names: Iterable[Path]) -> list[Path]:
        """Those of the files that are there, and are not as d2lite has written them."""
        return [name for name in names if self._found(name) not in ('', self._kept(name))]

    def write(self, name: Path, data: str | bytes) -> Path:
        """Writes a file of the folder, and returns its path. Raises OSError."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)
        self.hashes[name.as_posix()] = self._found(name)
        replace_file(self.folder / NAME, json.dumps(self.hashes, indent=0) + '\n')
        return path

    def _found(self, name):
        try:
            return hashlib.sha256((self.folder / name).read_bytes()).hexdigest()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return ''

    def _kept(self, name):
        return self.hashes.get(name.as_posix())
