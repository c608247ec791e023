"""Splits the text between the cells of a page into blocks of prose, by tab.

A block for some tabs only is enclosed by the lines

    :begin_tab:`pytorch, jax`
    :end_tab:

and may hold cells, which are for these tabs then. Inside of code these lines mean nothing.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from markdown_it.token import Token

from d2lite.pages.reading.blocks import Cell, PageError, Prose, tabs_on_page

BEGIN = re.compile(r'\s*:begin_tab:\s*(`*)(?P<names>[^`]*)\1\s*')
END = re.compile(r'\s*:end_tab:\s*')
LEADING = re.compile(r'\A(?:[^\S\n]*\n)+')  # blank lines
MARK = re.compile(r'\s*:(begin|end)_tab:')


@dataclass(frozen=True)
class Block:
    """A block of a tab that has begun, in `line`."""

    tabs: tuple[str, ...]
    line: int

    def hold(self, cell: Cell) -> Cell:
        """The cell as part of the block: for its tabs, if it does not name its own."""
        return replace(cell, tabs=self.tabs) if cell.tabs in (None, ('all',)) else cell


def split_prose(
    lines: list[str], start: int, end: int, code: set[int], path: Path, block: Block | None = None
) -> tuple[list[Prose], Block | None]:
    """The prose in `lines[start:end]`, and the block that goes on; blank lines are left out.

    `code` holds the indices of lines inside of code; `block` is the one that has begun before.
    Raises PageError for a block that is not ended, or is inside of another.
    """
    blocks = []
    begin, tabs = start, block and block.tabs  # of the block being read
    opened = block and block.line
    for index in range(start, end):
        line = lines[index]
        if index in code or not MARK.match(line):
            continue
        if match := BEGIN.fullmatch(line):
            if tabs:
                message = f'The block of a tab that begins in line {opened} is not ended before '
                raise PageError(path, index + 1, message + 'this one begins; add :end_tab:')
            blocks.append((begin, index, None))
            begin, tabs = index + 1, tabs_on_page(match['names'], ':begin_tab:', path, index + 1)
            opened = index + 1
        elif END.fullmatch(line):
            if not tabs:
                raise PageError(path, index + 1, ':end_tab: without a :begin_tab: before it.')
            blocks.append((begin, index, tabs))
            begin, tabs = index + 1, None
        else:
            message = 'A block of a tab begins with :begin_tab:`name` and ends with :end_tab: on '
            raise PageError(path, index + 1, message + 'lines of their own.')
    if tabs and end >= len(lines):
        raise PageError(path, opened, 'This block of a tab is never ended; add :end_tab:')
    blocks.append((begin, end, tabs))
    prose = []
    for first, last, of_block in blocks:
        whole = '\n'.join(lines[first:last])
        text = LEADING.sub('', whole)
        if text.strip():
            line = first + 1 + whole.count('\n') - text.count('\n')
            prose.append(Prose(text.rstrip(), of_block, line))
    return prose, Block(tabs, opened) if tabs else None


def code_lines(tokens: list[Token]) -> set[int]:
    """The indices of the lines that are code: of fences, and of indented code."""
    return {
        index
        for token in tokens
        if token.type in ('fence', 'code_block')
        for index in range(*token.map)
    }
