"""Splits the text between the cells of a page into blocks of prose, by tab.

A block for some tabs only is enclosed by the lines

    :begin_tab:`pytorch, jax`
    :end_tab:

and holds no cells. Inside of code these lines mean nothing.
"""

import re
from pathlib import Path

from markdown_it.token import Token

from d2lite.pages.reading.blocks import PageError, Prose, tab_names

__all__ = ['code_lines', 'split_prose']

BEGIN = re.compile(r'\s*:begin_tab:\s*(`*)(?P<names>[^`]*)\1\s*')
END = re.compile(r'\s*:end_tab:\s*')
MARK = re.compile(r'\s*:(begin|end)_tab:')


def split_prose(
    lines: list[str], start: int, end: int, code: set[int], path: Path, *, last: bool
) -> list[Prose]:
    """The prose in `lines[start:end]`, each line with its line end.

    `code` holds the indices of lines inside of code. `last` says that no cell follows. Raises
    PageError for a block that is not ended, is inside of another, or holds a cell.
    """
    blocks = []
    begin, tabs = start, None  # of the block being read
    for index in range(start, end):
        line = lines[index]
        if index in code or not MARK.match(line):
            continue
        if match := BEGIN.fullmatch(line):
            if tabs:
                message = f'The block of a tab that begins in line {begin + 1} is not ended before '
                raise PageError(path, index + 1, message + 'this one begins; add :end_tab:')
            names = re.split(r'[\s,]+', match['names'])
            blocks.append((begin, index, None))
            begin, tabs = index, tuple(tab_names(names, path, index + 1, ':begin_tab:'))
        elif END.fullmatch(line):
            if not tabs:
                raise PageError(path, index + 1, ':end_tab: without a :begin_tab: before it.')
            blocks.append((begin, index + 1, tabs))
            begin, tabs = index + 1, None
        else:
            message = 'A block of a tab begins with :begin_tab:`name` and ends with :end_tab: on '
            raise PageError(path, index + 1, message + 'lines of their own.')
    if tabs:
        message = 'This block of a tab is never ended; add :end_tab:'
        if not last:
            message += f' before the cell in line {end + 1}; the cell itself names its tabs.'
        raise PageError(path, begin + 1, message)
    blocks.append((begin, end, None))
    return [_block(lines[a:b], a, tabs) for a, b, tabs in blocks if b > a]


def code_lines(tokens: list[Token]) -> set[int]:
    """The indices of the lines that are code: of fences, and of indented code."""
    return {
        index
        for token in tokens
        if token.type in ('fence', 'code_block')
        for index in range(*token.map)
    }


def _block(lines: list[str], start: int, tabs) -> Prose:
    inner = lines[1:-1] if tabs else lines
    blank = next((number for number, line in enumerate(lines) if line.strip()), 0)
    text = re.sub(r'\A(?:[^\S\n]*\n)+', '', ''.join(inner)).rstrip()
    return Prose(text, ''.join(lines), start + blank + 1, tabs)
