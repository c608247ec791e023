"""The parts of a page for a reader: prose, and groups of cells for different tabs.

Cells that follow each other without prose between, each for other tabs, are one step of the lesson
in several frameworks. They become one group, of which a reader sees the variant of the own tab.
"""

from dataclasses import dataclass

from nbformat import NotebookNode

from d2lite.pages.export.old_outputs import with_texts
from d2lite.pages.reading.page import Cell, Prose
from d2lite.pages.rewriting.tabs import Unresolvable, resolve
from d2lite.pages.running.kernel import TabResult

__all__ = ['Group', 'Text', 'Variant', 'lay_out']


@dataclass(frozen=True)
class Text:
    """A block of prose, and the tabs that it is for."""

    text: str  # Markdown, with the marks of the book
    tabs: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """A cell as it ran on one tab."""

    tab: str
    cell: Cell
    code: str  # of the cell, with `tab.selected(...)` evaluated where that is possible
    node: NotebookNode  # with its outputs
    ran: bool


@dataclass(frozen=True)
class Group:
    """One step of the lesson, on every tab that has it."""

    variants: tuple[Variant, ...]

    @property
    def number(self) -> int:
        return self.variants[0].cell.position

    @property
    def shared(self) -> bool:
        """True if all variants are one cell, with the same code."""
        return len({(each.cell.position, each.code) for each in self.variants}) == 1


def lay_out(results: list[TabResult]) -> list[Text | Group]:
    """The parts of the page of `results`, for their tabs. The front cell is left out."""
    page, tabs = results[0].page, [result.tab for result in results]
    cells = {result.tab: page.for_tab(result.tab) for result in results}
    laid_out, gathered = [], []

    def close():
        if gathered:
            gathered.sort(key=lambda variant: tabs.index(variant.tab))
            laid_out.append(Group(tuple(gathered)))
            gathered.clear()

    for part, text in with_texts(page.parts):
        if isinstance(part, Prose):
            for_tabs = tuple(t for t in tabs if not part.tabs or {'all', t} & set(part.tabs))
            if text.strip():
                close()
                if for_tabs:
                    laid_out.append(Text(text, for_tabs))
        elif not part.front or _failed_there(part, results):
            variants = [
                Variant(
                    result.tab,
                    part,
                    _code(part, result),
                    result.nodes[part.position],
                    _ran(part, result),
                )
                for result in results
                if part in cells[result.tab]
            ]
            if {each.tab for each in gathered} & {each.tab for each in variants}:
                close()
            gathered += variants
    close()
    return laid_out


def _code(cell: Cell, result: TabResult) -> str:
    if not result.page.tabs or (result.error and result.error.cell == cell):
        return cell.source  # the error speaks of its lines
    try:
        return resolve(cell.source, result.tab).strip('\n') or cell.source
    except (Unresolvable, SyntaxError):
        return cell.source


def _failed_there(cell: Cell, results) -> bool:
    return any(result.error and result.error.cell == cell for result in results)


def _ran(cell: Cell, result: TabResult) -> bool:
    tried = result.cells_run + bool(result.error and result.error.cell)
    return cell.position in list(result.nodes)[:tried]
