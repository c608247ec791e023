"""The parts of a page, cells and prose, and the error for a malformed page."""

from dataclasses import dataclass
from pathlib import Path

from d2lite import selection

__all__ = ['Cell', 'PageError', 'Prose', 'tab_names']


class PageError(ValueError):
    """A page cannot be read or has no such tab; the message begins with `file:line:`."""

    def __init__(self, path: Path | str, line: int | None, message: str):
        super().__init__(f'{path}:{line}: {message}' if line else f'{path}: {message}')


@dataclass(frozen=True)
class Cell:
    """One code cell of a page; lines and positions count from 1."""

    source: str  # what runs: without the line that names the tabs
    content: str  # the text in the fence
    raw: str  # the text in the file: with the fence, and the blank lines that follow
    line: int  # of the opening fence in the file
    first_line: int  # of the first line of `source` in the file
    tabs: tuple[str, ...] | None  # names of tabs, ('all',), or None if it names none
    position: int  # among all cells of the page
    front: bool  # loads the tab extension, so it runs on every tab


@dataclass(frozen=True)
class Prose:
    """Text between cells, one block for each of the tabs it is for."""

    text: str  # Markdown, without the lines that begin and end a block of a tab
    raw: str  # the text in the file: with those lines, and the blank lines that follow
    line: int  # where it begins in the file
    tabs: tuple[str, ...] | None  # names of tabs, ('all',), or None outside of such a block


def tab_names(names: list[str], path: Path, line: int, where: str) -> list[str]:
    """The names in canonical form, each once. Raises PageError for an unknown one, or for none."""
    known = ', '.join([*selection.registered_backends(), 'all'])
    names = [name for name in names if name]
    if not names:
        raise PageError(path, line, f'{where} names no tab; the tabs are {known}.')
    canonical = []
    for name in names:
        try:
            canonical.append(name if name == 'all' else selection.canonical_name(name))
        except selection.BackendError:
            raise PageError(path, line, f'Unknown tab {name!r}; the tabs are {known}.') from None
    return list(dict.fromkeys(canonical))
