"""The parts of a page, cells and prose, and the names of their tabs.

A page may have tabs that d2lite has no backend for, such as `paddle`; they are left out. A name
that looks like that of a known tab, such as `pytroch`, is an error.
"""

import difflib
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
        self.path, self.line, self.message = path, line, message


class NoCells(PageError):
    """A Markdown file without code that could run."""


class NoTab(PageError):
    """A page that does not have the tab that was asked for."""


@dataclass(frozen=True)
class Cell:
    """One code cell of a page; lines and positions count from 1."""

    source: str  # what runs: without the line that names the tabs
    line: int  # of the opening fence in the file
    first_line: int  # of the first line of `source` in the file
    tabs: tuple[str, ...] | None  # names of tabs, ('all',), or None if it names none
    position: int  # among all cells of the page
    front: bool  # loads the tab extension, so it runs on every tab
    raises: bool = False  # marked `raises-exception`: it shall fail


@dataclass(frozen=True)
class Prose:
    """Text between cells, one block for each of the tabs it is for."""

    text: str  # Markdown, without the lines that begin and end a block of a tab
    tabs: tuple[str, ...] | None  # names of tabs, ('all',), or None outside of such a block
    line: int = 1  # of its first line in the file


def canonical_tabs(*names: str | Sequence[str]) -> list[str]:
    """Names, alone or in lists, in canonical form. Raises BackendError for a misspelt one."""
    flat = [n for each in names for n in ([each] if isinstance(each, str) else each)]
    return [_canonical_tab(name) for name in flat]


def _canonical_tab(name: str) -> str:
    known = [*selection.registered_backends(), *selection.ALIASES, 'all']
    lowered = name.strip().lower()
    if lowered in known:
        return selection.ALIASES.get(lowered, lowered)
    # Two letters changed, even in `jax`, leave a likeness above 0.6; other names are below it.
    alike = difflib.get_close_matches(lowered, known, n=1, cutoff=0.6)
    if alike or not lowered.isidentifier():
        hint = f' Did you mean {alike[0]!r}?' if alike else ''
        raise selection.BackendError(f'Unknown tab {name!r}; the tabs are {_known()}.{hint}')
    return lowered


def has_backend(tab: str) -> bool:
    """True if d2lite has a backend for `tab`, a canonical name."""
    return tab in selection.registered_backends()


def without_backend(tabs: Sequence[str]) -> str:
    """The sentence that says that `tabs` are left out, as d2lite has no backend for them."""
    be = 'are' if len(tabs) > 1 else 'is'
    return f'{", ".join(tabs)} {be} left out: d2lite has no backend of this name.'


def tab_names(names: str, where: str) -> tuple[str, ...]:
    """The names in canonical form, each once. Raises ValueError for a misspelt one, or for none."""
    canonical = []
    for name in re.split(r'[\s,]+', names.strip(' \t\n,')):
        if not name:
            raise ValueError(f'{where} names no tab; the tabs are {_known()}.')
        try:
            canonical += canonical_tabs(name)
        except selection.BackendError as error:
            raise ValueError(str(error)) from None
    return tuple(dict.fromkeys(canonical))


def _known() -> str:
    return ', '.join([*selection.registered_backends(), 'all'])


def tabs_on_page(names: str, where: str, path: Path, line: int) -> tuple[str, ...]:
    """The names that a line of a page gives. Raises PageError for a wrong one, or for none."""
    try:
        return tab_names(names, where)
    except ValueError as error:
        raise PageError(path, line, str(error)) from None
