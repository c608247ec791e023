"""The parts of a page for a reader: prose, and groups of cells for different tabs.

Cells that follow each other without prose between, each for other tabs, are one step of the lesson
in several frameworks. They become one group, of which a reader sees the variant of the own tab.
"""

from dataclasses import dataclass, replace

from nbformat import NotebookNode

from d2lite.pages.reading.page import Cell, Prose
from d2lite.pages.rewriting.tabs import Unresolvable, resolve
from d2lite.pages.running.result import TabResult


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

    variants: list[Variant]

    @property
    def number(self) -> int:
        """The position of its first cell on the page."""
        return self.variants[0].cell.position

    @property
    def shared(self) -> bool:
        """True if all variants are one cell, with the same code."""
        return len({(each.cell.position, each.code) for each in self.variants}) == 1


def lay_out(results: list[TabResult]) -> list[Prose | Group]:
    """The parts of the page of `results`, for their tabs. The front cell is left out."""
    page, tabs = results[0].page, [result.tab for result in results]
    parts = {tab: page.parts_for_tab(tab) for tab in tabs}
    laid_out, group = [], None
    for part in page.parts:
        on = [result for result in results if part in parts[result.tab]]
        if isinstance(part, Prose):
            group = None
            if on:
                laid_out.append(replace(part, tabs=tuple(result.tab for result in on)))
        elif on and (not part.front or any(result.failed_in(part) for result in on)):
            if not group or {each.tab for each in group.variants} & {each.tab for each in on}:
                group = Group([])
                laid_out.append(group)
            group.variants.extend(_variant(part, result) for result in on)
            group.variants.sort(key=lambda variant: tabs.index(variant.tab))
    return laid_out


def _variant(cell: Cell, result: TabResult) -> Variant:
    node = result.nodes[cell.position]
    return Variant(result.tab, cell, _code(cell, result), node, result.tried(cell))


def _code(cell: Cell, result: TabResult) -> str:
    if not result.page.tabs or result.failed_in(cell):
        return cell.source  # the error speaks of its lines
    try:
        return resolve(cell.source, result.tab).strip('\n') or cell.source
    except (Unresolvable, SyntaxError):
        return cell.source
