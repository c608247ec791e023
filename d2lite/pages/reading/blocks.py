"""The parts of a page, cells and prose, and the names of their tabs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from d2lite import selection

TAB_LINE = re.compile(r'\s*(?P<mark>%%tab|#\s*@tab)(?![\w.])(?P<names>.*)')


class PageError(ValueError):
    """A page cannot be read or has no such tab; the message begins with `file:line:`."""

    def __init__(self, path: Path | str, line: int | None, message: str) -> None:
        super().__init__(f'{path}:{line}: {message}' if line else f'{path}: {message}')


@dataclass(frozen=True)
class Cell:
    """One code cell of a page; lines and positions count from 1."""

    source: str  # what runs: without the line that names the tabs
    line: int  # of the opening fence in the file
    first_line: int  # of the first line of `source` in the file
    tabs: tuple[str, ...] | None  # names of tabs, ('all',), or None if it names none
    position: int  # among all cells of the page
    front: bool  # loads the tab extension, so it runs on every tab


@dataclass(frozen=True)
class Prose:
    """Text between cells, one block for each of the tabs it is for."""

    text: str  # Markdown, without the lines that begin and end a block of a tab
    tabs: tuple[str, ...] | None  # names of tabs, ('all',), or None outside of such a block


def canonical_tabs(*names: str | Sequence[str]) -> list[str]:
    """Names, alone or in lists, in canonical form. Raises BackendError for an unknown one."""
    flat = [n for each in names for n in ([each] if isinstance(each, str) else each)]
    return [name if name == 'all' else selection.canonical_name(name) for name in flat]


def tab_names(names: str, where: str) -> tuple[str, ...]:
    """The names in canonical form, each once. Raises ValueError for an unknown one, or for none."""
    known = ', '.join([*selection.registered_backends(), 'all'])
    canonical = []
    for name in re.split(r'[\s,]+', names.strip(' \t\n,')):
        if not name:
            raise ValueError(f'{where} names no tab; the tabs are {known}.')
        try:
            canonical += canonical_tabs(name)
        except selection.BackendError:
            raise ValueError(f'Unknown tab {name!r}; the tabs are {known}.') from None
    return tuple(dict.fromkeys(canonical))


def tabs_on_page(names: str, where: str, path: Path, line: int) -> tuple[str, ...]:
    """The names that a line of a page gives. Raises PageError for a wrong one, or for none."""
    try:
        return tab_names(names, where)
    except ValueError as error:
        raise PageError(path, line, str(error)) from None
