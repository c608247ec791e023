"""The pictures of a page: files beside it, which what is written elsewhere takes along."""

import mimetypes
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit


def picture_file(folder: Path, address: str) -> Path | None:
    """The file at the relative `address`; None for an address of the web, or of no picture."""
    parts = urlsplit(address)
    mimetype = mimetypes.guess_type(parts.path)[0] or ''
    if parts.scheme or parts.netloc or not mimetype.startswith('image/'):
        return None
    return folder / unquote(parts.path)


class TakenAlong:
    """The pictures of a page that is written to another folder: they go along, into `NAME_files/`.

    Called with an address, it gives the one to write; `files` are then the files to copy, by their
    new paths.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """`folder` is that of the page, `name` that of the file that is written, without suffix."""
        self.folder, self.name = folder, name
        self.files: dict[str, Path] = {}

    def __call__(self, address: str) -> str:
        path = picture_file(self.folder, address)
        if path is None or not path.is_file():
            return address
        number, target = 1, f'{self.name}_files/{path.name}'
        while self.files.get(target, path) != path:
            number += 1
            target = f'{self.name}_files/{path.stem}-{number}{path.suffix}'
        self.files[target] = path
        return quote(target)


def is_missing(folder: Path, address: str) -> bool:
    """True if `address` is meant to be a file, and is none."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path:
        return False
    try:
        return not (folder / unquote(parts.path)).is_file()
    except (OSError, ValueError):
        return True
