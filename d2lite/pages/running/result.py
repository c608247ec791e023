"""The result of a page on one tab, and the error that ended it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, v4

from d2lite import selection
from d2lite.pages.course.folder import Course, find_course
from d2lite.pages.reading.page import Cell, Page
from d2lite.pages.rewriting.overrides import Override
from d2lite.pages.rewriting.plain_notebook import new_code_cell

LOSSES = {'train_loss': 'training loss', 'val_loss': 'validation loss'}


@dataclass(frozen=True)
class Failure:
    """The error that ended the run of a tab."""

    cell: Cell | None  # None: the kernel or the framework did not start
    line: int | None  # in the file: the statement that failed, or else the beginning of the cell
    ename: str
    evalue: str
    traceback: str = ''
    hint: str = ''  # what may help, in a sentence

    def __str__(self) -> str:
        place = f'cell {self.cell.position} (line {self.line}): ' if self.cell else ''
        return f'{place}{self.ename}: {self.evalue}' if self.evalue else f'{place}{self.ename}'


@dataclass(eq=False)
class TabResult:
    """The result of a page on one tab; it is filled in while the page runs."""

    tab: str
    cells_total: int
    cells_run: int = 0  # without an error
    seconds: float = 0.0  # of the cells, without the start of the kernel and of the framework
    error: Failure | None = None
    values: dict[str, Any] = field(default_factory=dict)  # see running.in_kernel.report
    notebook: NotebookNode | None = None  # the cells with their outputs
    page: Page | None = None
    overridden: list[Override] = field(default_factory=list)
    compat: bool = False  # names that the frameworks have given up are lent
    course: Course | None = None  # that the page belongs to
    place: Path | None = None  # of the page below the folder that was run; else its name
    named: bool = True  # the page was named itself, and not found in a folder

    @property
    def nodes(self) -> dict[int, NotebookNode]:
        """The cells of the notebook by their positions on the page."""
        return {node.metadata['d2lite']['position']: node for node in self.notebook.cells}

    @property
    def history(self) -> list[dict[str, Any]]:
        """The epochs of the page's trainer; empty without one."""
        return self.values.get('history', [])

    @property
    def complete(self) -> bool:
        """True if all cells have passed."""
        return self.error is None and self.cells_run == self.cells_total

    @property
    def verdict(self) -> str:
        """`passed`, `not run`, or the error."""
        if self.error:
            return f'failed: {self.error}'
        return 'passed' if self.complete else 'not run'

    @property
    def device(self) -> str:
        """The device of the trainer, or else those that the framework has."""
        return self.values.get('device') or ', '.join(self.values.get('devices', []))

    def prefer(self, choice: str | None) -> None:
        """Sets whose definition of a name counts, `'d2lite'` or `'course'`; None: as it is."""
        if self.course and choice:
            self.course = self.course.preferring(choice)

    @property
    def lent(self) -> list[str]:
        """The names lent by `--compat` that the page has used, each in a sentence."""
        return self.values.get('lent', [])

    def failed_in(self, cell: Cell) -> bool:
        """True if the run ended with an error in `cell`."""
        return self.error is not None and self.error.cell == cell

    def tried(self, cell: Cell) -> bool:
        """True if `cell` has run, or has failed."""
        return self.failed_in(cell) or cell.position in list(self.nodes)[: self.cells_run]

    @classmethod
    def of(cls, page: Page, tab: str, place: Path | None = None) -> 'TabResult':
        """The result before the run. Raises PageError or BackendError if there is no such tab.

        `place` is the path of the page below the folder that is run; its files go there.
        """
        nodes = [
            new_code_cell(cell, cell.source, d2lite={'position': cell.position, 'line': cell.line})
            for cell in page.for_tab(tab)
        ]
        notebook = v4.new_notebook(cells=nodes)
        name, place = selection.canonical_name(tab), place or Path(page.path.name)
        course = find_course(page.path)
        return cls(name, len(nodes), notebook=notebook, page=page, course=course, place=place)
