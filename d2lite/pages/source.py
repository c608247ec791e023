"""Reads a tabbed page, or a plain Markdown notebook, into cells.

    page = read_page('lesson.md')
    for cell in page.for_tab('pytorch'):
        print(cell.line, cell.source)

What is a cell, and on which tab it runs:

1. If any fence of the page is marked `.input`, as in ```` ```{.python .input  n=1} ````, the marked
   ones are the cells; else every fence whose language is `python`.
2. A first line `%%tab pytorch, jax` or `%%tab all`, or `#@tab …` as older pages have it, names the
   tabs of the cell and is not part of what runs.
3. On a page with tabs, a cell that names none runs on the default tab only: the first one that
   `tab.interact_select` is given, else the first that the page names. The front cell, which loads
   the tab extension, runs on every tab.
4. On a page without tabs every cell runs, whichever tab is asked for.

Reading runs nothing and imports no framework.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from d2lite import selection

__all__ = ['Cell', 'Page', 'PageError', 'parse_page', 'read_page']

TAB_LINE = re.compile(r'\s*(?P<mark>%%tab|#\s*@tab)(?![\w.])(?P<names>.*)')
FRONT = re.compile(
    r'^\s*(?:%(?:re)?load_ext\s+(?:d2lbook|d2lite)\.tab\b|tab\.interact_select\()', re.M
)
SELECT = re.compile(r'^\s*tab\.interact_select\((?P<names>.*?)\)', re.M | re.S)
QUOTED = re.compile(r"""['"]([^'"]*)['"]""")


class PageError(ValueError):
    """A page cannot be read or has no such tab; the message begins with `file:line:`."""

    def __init__(self, path: Path | str, line: int | None, message: str):
        super().__init__(f'{path}:{line}: {message}' if line else f'{path}: {message}')


@dataclass(frozen=True)
class Cell:
    """One code cell of a page; lines and positions count from 1."""

    source: str  # what runs: without the line that names the tabs
    raw: str  # as it stands in the fence
    line: int  # of the opening fence in the file
    first_line: int  # of the first line of `source` in the file
    tabs: tuple[str, ...] | None  # names of tabs, ('all',), or None if it names none
    position: int  # among all cells of the page
    front: bool  # loads the tab extension, so it runs on every tab


@dataclass(frozen=True)
class Page:
    """A page: its whole text, and its cells in order."""

    path: Path
    text: str
    cells: tuple[Cell, ...]
    tabs: tuple[str, ...]  # empty for a page without tabs
    default_tab: str | None

    def for_tab(self, tab: str) -> list[Cell]:
        """The cells that run on `tab`. Raises PageError if the page has tabs, but not this one."""
        name = self._require(tab)
        left_out = self.left_out(name)
        return [
            cell
            for cell in self.cells
            if (cell not in left_out if cell.tabs is None else {'all', name} & set(cell.tabs))
        ]

    def left_out(self, tab: str) -> list[Cell]:
        """The cells that name no tab, and that `tab` leaves out because it is not the default."""
        if self.default_tab in (None, self._require(tab)):
            return []
        return [cell for cell in self.cells if cell.tabs is None and not cell.front]

    def _require(self, tab: str) -> str:
        try:
            name = selection.canonical_name(tab)
        except selection.BackendError:
            if not self.tabs:
                raise
            name = tab
        if self.tabs and name not in self.tabs:
            line = next(cell.line for cell in self.cells if cell.front or cell.tabs)
            has = ', '.join(self.tabs)
            raise PageError(self.path, line, f'The page has no tab {tab!r}; it has {has}.')
        return name


def read_page(path: str | Path) -> Page:
    """The page in file `path`. Raises PageError if it is missing, not UTF-8, or malformed."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PageError(path, None, f'Cannot read the page: {error.strerror}.') from None
    try:
        text = data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        line = data.count(b'\n', 0, error.start) + 1
        raise PageError(path, line, 'The page is not UTF-8 text; save it as UTF-8.') from None
    return parse_page(text, path)


def parse_page(text: str, path: str | Path = 'page.md') -> Page:
    """The page that `text` holds; `path` is the name it has in errors. Raises PageError."""
    path = Path(path)
    text = text.replace('\r\n', '\n').replace('\r', '\n')
    fences = [token for token in MarkdownIt('commonmark').parse(text) if token.type == 'fence']
    for fence in fences:
        _check_closed(fence, path)
    marked = [fence for fence in fences if '.input' in fence.info.strip(' {}').split()]
    chosen = marked or [fence for fence in fences if fence.info.split()[:1] == ['python']]
    if not chosen:
        wanted = '```{.python .input} or ```python'
        raise PageError(path, 1, f'The page has no cells: no fence begins with {wanted}.')
    cells = tuple(_cell(fence, position, path) for position, fence in enumerate(chosen, start=1))

    selected = [name for cell in cells for name in _interact_select(cell, path)]
    named = [name for cell in cells for name in cell.tabs or ()]
    tabs = tuple(dict.fromkeys(name for name in selected + named if name != 'all'))
    default = tabs[0] if tabs else None
    if not tabs and 'all' in selected + named:
        tabs = tuple(selection.known())
    return Page(path, text, cells, tabs, default)


def _check_closed(fence: Token, path: Path) -> None:
    start, end = fence.map
    lines = _lines(fence)
    if len(lines) != end - start - 2:  # a closed fence spans its content and two lines more
        raise PageError(path, start + 1, f'This fence is never closed; end it with {fence.markup}')
    # Without its closing line a fence goes on to that of the next one, and swallows its opening.
    opening = re.compile(rf' {{0,3}}{fence.markup}+ *[^\s`~][^`]*')
    for number, line in enumerate(lines, start=start + 2):
        if opening.fullmatch(line):
            message = f'This fence is not closed before the next one begins in line {number}; '
            raise PageError(path, start + 1, message + f'end it with {fence.markup}')


def _cell(fence: Token, position: int, path: Path) -> Cell:
    lines = _lines(fence)
    number = fence.map[0] + 2  # in the file, of lines[0]
    tabs = None
    # IPython drops leading blank lines and counts without them, so they are dropped here too.
    while lines and (not lines[0].strip() or tabs is None):
        if match := TAB_LINE.fullmatch(lines[0]):
            names = re.split(r'[\s,]+', match['names'])
            tabs = tuple(_tab_names(names, path, number, match['mark']))
        elif lines[0].strip():
            break
        lines.pop(0)
        number += 1
    for offset, line in enumerate(lines):
        if match := TAB_LINE.fullmatch(line):
            message = f'{match["mark"]} must be the first line of its cell, and there only once.'
            raise PageError(path, number + offset, message)
    source = '\n'.join(lines)
    front = tabs is None and FRONT.search(source) is not None
    raw = fence.content.removesuffix('\n')
    return Cell(source, raw, fence.map[0] + 1, number, tabs, position, front)


def _interact_select(cell: Cell, path: Path) -> list[str]:
    """The tabs that a front cell offers, in either style of call, as lists or as arguments."""
    names = []
    for match in SELECT.finditer(cell.source):
        line = cell.first_line + cell.source.count('\n', 0, match.start('names'))
        arguments = re.sub('#.*', '', match['names'])
        if QUOTED.sub('', arguments).strip(' \n\t[](),'):
            message = "interact_select takes names of tabs, as in ['mxnet', 'pytorch']."
            raise PageError(path, line, message)
        names += _tab_names(QUOTED.findall(arguments), path, line, 'interact_select')
    return names


def _lines(fence: Token) -> list[str]:
    # Not splitlines(), which also splits at form feeds and the like.
    return fence.content.removesuffix('\n').split('\n') if fence.content else []


def _tab_names(names: list[str], path: Path, line: int, where: str) -> list[str]:
    """The names in canonical form, each once. Raises PageError for an unknown one, or for none."""
    known = ', '.join([*selection.known(), 'all'])
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
