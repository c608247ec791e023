"""Lines of the page in place of the files that IPython makes of cells.

A warning of a cell names a file that is gone after the run, `/tmp/ipykernel_123/456.py:3:`. The
number is a hash of the code, by which Jupyter's debugger finds the cell, and so does this.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from ipykernel.compiler import get_file_name

from d2lite.pages.reading.page import Cell

CELL_FILE = re.compile(r'[^\s"\'(]*[/\\]ipykernel_\d+[/\\](?P<name>\d+\.py)(?::(?P<line>\d+))?')


class Places:
    """The places of the cells of one page, by the files that a kernel makes of them."""

    def __init__(self, page: Path, cells: Iterable[Cell]) -> None:
        self.page = page.name
        self.cells = {Path(get_file_name(cell.source)).name: cell for cell in cells}

    def named(self, text: str) -> str:
        """`text` with `page.md:17` where it names line 3 of the cell that begins in line 15."""
        return CELL_FILE.sub(self._place, text)

    def _place(self, match: re.Match) -> str:
        cell = self.cells.get(match['name'])
        line = int(match['line'] or 0)
        if cell is None:  # code that a cell has made
            return f'cell:{line}' if line else 'cell'
        return f'{self.page}:{cell.first_line + line - 1}' if line else self.page
