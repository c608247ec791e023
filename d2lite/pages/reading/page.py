"""Reads a tabbed page, or a plain Markdown notebook, into cells and prose.

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

Everything else is prose, also a fence that is no cell. Prose between :begin_tab:`jax` and :end_tab:
is for that tab only, other prose for all.

Reading runs nothing and imports no framework.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from markdown_it import MarkdownIt

from d2lite import selection
from d2lite.pages.reading.blocks import Cell, PageError, Prose
from d2lite.pages.reading.cells import check_closed, offered_tabs, read_cell
from d2lite.pages.reading.prose import code_lines, split_prose

__all__ = ['Cell', 'Page', 'PageError', 'Prose', 'parse_page', 'read_page']


@dataclass(frozen=True)
class Page:
    """A page: its text, its parts in order, and those of them that are cells.

    Lines of the text end in a newline, however they do in the file. The `raw` of the parts, one
    after the other, are the text.
    """

    path: Path
    text: str
    parts: tuple[Prose | Cell, ...]
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

    def parts_for_tab(self, tab: str) -> list[Prose | Cell]:
        """The prose and the cells of `tab`. Raises PageError if the page has not this tab."""
        cells = self.for_tab(tab)
        name = self._require(tab)
        return [
            part
            for part in self.parts
            if part in cells
            or (isinstance(part, Prose) and (not part.tabs or {'all', name} & set(part.tabs)))
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
    lines = re.findall(r'[^\n]*\n|[^\n]+', text)
    tokens = MarkdownIt('commonmark').parse(text)
    fences = [token for token in tokens if token.type == 'fence']
    for fence in fences:
        check_closed(fence, path)
    marked = [fence for fence in fences if '.input' in fence.info.strip(' {}').split()]
    chosen = marked or [fence for fence in fences if fence.info.split()[:1] == ['python']]
    if not chosen:
        wanted = '```{.python .input} or ```python'
        raise PageError(path, 1, f'The page has no cells: no fence begins with {wanted}.')
    cells = tuple(
        read_cell(fence, ''.join(lines[slice(*fence.map)]), position, path)
        for position, fence in enumerate(chosen, start=1)
    )
    parts = _parts(lines, cells, [fence.map for fence in chosen], code_lines(tokens), path)
    cells = tuple(part for part in parts if isinstance(part, Cell))

    selected = [name for cell in cells for name in offered_tabs(cell, path)]
    named = [name for cell in cells for name in cell.tabs or ()]
    tabs = tuple(dict.fromkeys(name for name in selected + named if name != 'all'))
    default = tabs[0] if tabs else None
    if not tabs and 'all' in selected + named:
        tabs = tuple(selection.registered_backends())
    return Page(path, text, parts, cells, tabs, default)


def _parts(lines, cells, maps, code, path) -> tuple[Prose | Cell, ...]:
    """The cells, and the prose between them; blank lines belong to the part before them."""
    parts, position = [], 0
    for cell, (start, end) in zip(cells, maps, strict=True):
        parts += split_prose(lines, position, start, code, path, last=False)
        parts.append(cell)
        position = end
    parts += split_prose(lines, position, len(lines), code, path, last=True)
    joined = []
    for part in parts:
        # Where the page begins with blank lines there is none before them: the next one has them.
        if joined and not (joined[-1].raw.strip() and part.raw.strip()):
            first = joined.pop()
            kept = part if part.raw.strip() else first
            joined.append(replace(kept, raw=first.raw + part.raw))
        else:
            joined.append(part)
    return tuple(joined)
