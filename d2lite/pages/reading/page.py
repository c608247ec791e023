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
   the tab extension, runs on every tab. In some courses it runs on all; see conventions.py.
4. On a page without tabs every cell runs, whichever tab is asked for.
5. Cells of a tab that d2lite has no backend for, such as `paddle`, never run.

Everything else is prose, also a fence that is no cell. Prose between :begin_tab:`jax` and :end_tab:
is for that tab only, and so are cells there; other prose is for all. What follows a line
`<!-- slides -->` is for slides, and left out.

Reading runs nothing and imports no framework.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from mdit_py_plugins.front_matter import front_matter_plugin

from d2lite import selection
from d2lite.pages.reading.blocks import Cell, NoCells, NoTab, PageError, Prose, has_backend
from d2lite.pages.reading.cells import check_closed, offered_tabs, read_cell
from d2lite.pages.reading.conventions import (
    Conventions,
    cell_fences,
    slides_line,
    tab_of_imports,
)
from d2lite.pages.reading.metadata import front_matter, language_of, title_of
from d2lite.pages.reading.old_outputs import without_old_outputs
from d2lite.pages.reading.prose import code_lines, split_prose
from d2lite.pages.reading.quarto import as_marks

# Of blocks alone: what is within a line has no part in what is a cell.
PARSER = MarkdownIt('commonmark').use(front_matter_plugin).disable('inline')


@dataclass(frozen=True)
class Page:
    """A page: its text, in which lines end in a newline, and its parts in order."""

    path: Path
    text: str
    parts: tuple[Prose | Cell, ...]
    tabs: tuple[str, ...]  # those with a backend; empty for a page without tabs
    default_tab: str | None
    other_tabs: tuple[str, ...] = ()  # those that d2lite has no backend for
    metadata: dict[str, Any] = field(default_factory=dict)  # its front matter
    bibliography: tuple[str, ...] = ()  # BibTeX files that it and its project name

    @cached_property
    def title(self) -> str:
        """The title, in plain words."""
        return title_of(self.parts, self.metadata, self.path)

    @cached_property
    def language(self) -> str:
        """The language of the prose, as HTML names it: `'en'`."""
        return language_of(self.parts, self.metadata)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The parts that are cells."""
        return tuple(part for part in self.parts if isinstance(part, Cell))

    def for_tab(self, tab: str) -> list[Cell]:
        """The cells that run on `tab`. Raises PageError if the page has tabs, but not this one."""
        return [part for part in self.parts_for_tab(tab) if isinstance(part, Cell)]

    def parts_for_tab(self, tab: str) -> list[Prose | Cell]:
        """The prose and the cells of `tab`. Raises PageError if the page has not this tab."""
        name = self._require(tab)
        return [part for part in self.parts if self._is_for(part, name)]

    def left_out(self, tab: str) -> list[Cell]:
        """The cells that name no tab, and that `tab` leaves out because it is not the default."""
        name = self._require(tab)
        return [cell for cell in self.cells if not (cell.tabs or self._is_for(cell, name))]

    def _is_for(self, part: Prose | Cell, tab: str) -> bool:
        if part.tabs:
            return tab in part.tabs or 'all' in part.tabs
        return isinstance(part, Prose) or part.front or self.default_tab in (None, tab)

    def _require(self, tab: str) -> str:
        try:
            name = selection.canonical_name(tab)
        except selection.BackendError:
            if not self.tabs or tab in self.other_tabs:
                raise
            name = tab
        if (self.tabs or self.other_tabs) and name not in self.tabs:
            lines = [cell.line for cell in self.cells if cell.front or cell.tabs]
            line = lines[0] if lines else 1
            has = ', '.join(self.tabs + self.other_tabs)
            raise NoTab(self.path, line, f'The page has no tab {tab!r}; it has {has}.')
        return name


def read_page(path: str | Path, *, prose: bool = False) -> Page:
    """The page in file `path`. Raises PageError if it is missing, not UTF-8, or malformed.

    With `prose`, it need not have cells.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding='utf-8-sig')
    except OSError as error:
        raise PageError(path, None, f'Cannot read the page: {error.strerror}.') from None
    except UnicodeDecodeError as error:
        line = error.object.count(b'\n', 0, error.start) + 1
        raise PageError(path, line, 'The page is not UTF-8 text; save it as UTF-8.') from None
    return parse_page(text, path, prose=prose, conventions=Conventions.of(path))


def parse_page(
    text: str,
    path: str | Path = 'page.md',
    *,
    prose: bool = False,
    conventions: Conventions | None = None,
) -> Page:
    """The page that `text` holds; `path` is the name it has in errors. Raises PageError.

    With `prose`, it need not have cells.
    """
    path, conventions = Path(path), conventions or Conventions()
    text = text.replace('\r\n', '\n').replace('\r', '\n').removesuffix('\n') + '\n'
    tokens = PARSER.parse(text)
    metadata, first = front_matter(tokens, path)
    lines, slides = text.removesuffix('\n').split('\n'), slides_line(tokens)
    lines = lines[:slides]
    fences = [t for t in tokens if t.type == 'fence' and t.map[0] < len(lines)]
    for fence in fences:
        check_closed(fence, path)
    for_all = conventions.unmarked == 'all' or slides is not None
    chosen = cell_fences(fences, both=for_all)
    marked = any('.input' in fence.info for fence in chosen)
    if not chosen and not prose:
        wanted = '```{.python .input} or ```python'
        raise NoCells(path, 1, f'The page has no cells: no fence begins with {wanted}.')

    parts, code, block = [], code_lines(tokens), None
    bibliography = conventions.bibliography(metadata, path)
    ends = [first, *(fence.map[1] for fence in chosen)]
    starts = [*(fence.map[0] for fence in chosen), len(lines)]
    for position, (end, start) in enumerate(zip(ends, starts, strict=True)):
        if position:
            cell = read_cell(chosen[position - 1], position, path)
            parts.append(cell if block is None else block.hold(cell))
        between, block = split_prose(lines, end, start, code, path, block)
        if position and between and not (marked or between[0].tabs):
            remains = without_old_outputs(between[0].text)
            gone = between[0].text.count('\n') - remains.count('\n')
            between[0] = replace(between[0], text=remains, line=between[0].line + gone)
        if for_all:
            between = [replace(each, text=as_marks(each.text, bibliography)) for each in between]
        parts += [each for each in between if each.text]

    cells = [part for part in parts if isinstance(part, Cell)]
    selected = [name for cell in cells for name in offered_tabs(cell, path)]
    named = [name for cell in cells for name in cell.tabs or ()]
    tabs = tuple(dict.fromkeys(name for name in selected + named if name != 'all'))
    if for_all and not (tabs or named):
        of_imports = tab_of_imports(cells)
        tabs = (of_imports,) if of_imports else conventions.tabs
    default = tabs[0] if tabs and not for_all else None
    others = tuple(name for name in tabs if not has_backend(name))
    tabs = tuple(name for name in tabs if has_backend(name))
    if not tabs and 'all' in selected + named:
        tabs = conventions.all_tabs()
    return Page(path, text, tuple(parts), tabs, default, others, metadata, bibliography)
