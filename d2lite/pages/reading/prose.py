"""Splits the text between the cells of a page into blocks of prose, by tab.

A block for some tabs only is enclosed by the lines

    :begin_tab:`pytorch, jax`
    :end_tab:

and holds no cells. Inside of code these lines mean nothing.
"""

import re
from pathlib import Path

from markdown_it.token import Token

from d2lite.pages.reading.blocks import PageError, Prose, tabs_on_page

BEGIN = re.compile(r'\s*:begin_tab:\s*(`*)(?P<names>[^`]*)\1\s*')
END = re.compile(r'\s*:end_tab:\s*')
LEADING = re.compile(r'\A(?:[^\S\n]*\n)+')  # blank lines
MARK = re.compile(r'\s*:(begin|end)_tab:')


def split_prose(lines: list[str], start: int, end: int, code: set[int], path: Path) -> list[Prose]:
    """The prose in `lines[start:end]`; blank lines around it are left out.

    `code` holds the indices of lines inside of code. Raises PageError for a block that is not
    ended, is inside of another, or holds a cell.
    """
    blocks = []
    begin, tabs = start, None  # of the block being read
    for index in range(start, end):
        line = lines[index]
        if index in code or not MARK.match(line):
            continue
        if match := BEGIN.fullmatch(line):
            if tabs:
                message = f'The block of a tab that begins in line {begin} is not ended before '
                raise PageError(path, index + 1, message + 'this one begins; add :end_tab:')
            blocks.append((begin, index, None))
            begin, tabs = index + 1, tabs_on_page(match['names'], ':begin_tab:', path, index + 1)
        elif END.fullmatch(line):
            if not tabs:
                raise PageError(path, index + 1, ':end_tab: without a :begin_tab: before it.')
            blocks.append((begin, index, tabs))
            begin, tabs = index + 1, None
        else:
            message = 'A block of a tab begins with :begin_tab:`name` and ends with :end_tab: on '
            raise PageError(path, index + 1, message + 'lines of their own.')
    if tabs:
        message = 'This block of a tab is never ended; add :end_tab:'
        if end < len(lines):
            message += f' before the cell in line {end + 1}; the cell itself names its tabs.'
        raise PageError(path, begin, message)
    blocks.append((begin, end, None))
    prose = []
    for first, last, tabs in blocks:
        whole = '\n'.join(lines[first:last])
        text = LEADING.sub('', whole)
        if text.strip():
            line = first + 1 + whole.count('\n') - text.count('\n')
            prose.append(Prose(text.rstrip(), tabs, line))
    return prose


def code_lines(tokens: list[Token]) -> set[int]:
    """The indices of the lines that are code: of fences, and of indented code."""
    return {
        index
        for token in tokens
        if token.type in ('fence', 'code_block')
        for index in range(*token.map)
    }
