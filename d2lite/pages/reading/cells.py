"""Reads the fences that are cells: their tabs, and what the front cell offers."""

import re
from pathlib import Path

from markdown_it.token import Token

from d2lite.pages.reading.blocks import Cell, PageError, tab_names

__all__ = ['TAB_LINE', 'check_closed', 'offered_tabs', 'read_cell']

TAB_LINE = re.compile(r'\s*(?P<mark>%%tab|#\s*@tab)(?![\w.])(?P<names>.*)')
FRONT = re.compile(
    r'^\s*(?:%(?:re)?load_ext\s+(?:d2lbook|d2lite)\.tab\b|tab\.interact_select\()', re.M
)
SELECT = re.compile(r'^\s*tab\.interact_select\((?P<names>.*?)\)', re.M | re.S)
QUOTED = re.compile(r"""['"]([^'"]*)['"]""")


def read_cell(fence: Token, raw: str, position: int, path: Path) -> Cell:
    """The cell in `fence`, whose lines in the file are `raw`. Raises PageError for wrong tabs."""
    lines = _lines(fence)
    number = fence.map[0] + 2  # in the file, of lines[0]
    tabs = None
    # IPython drops leading blank lines and counts without them, so they are dropped here too.
    while lines and (not lines[0].strip() or tabs is None):
        if match := TAB_LINE.fullmatch(lines[0]):
            names = re.split(r'[\s,]+', match['names'])
            tabs = tuple(tab_names(names, path, number, match['mark']))
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
    content = fence.content.removesuffix('\n')
    return Cell(source, content, raw, fence.map[0] + 1, number, tabs, position, front)


def offered_tabs(cell: Cell, path: Path) -> list[str]:
    """The tabs that a front cell offers, in either style of call, as lists or as arguments."""
    names = []
    for match in SELECT.finditer(cell.source):
        line = cell.first_line + cell.source.count('\n', 0, match.start('names'))
        arguments = re.sub('#.*', '', match['names'])
        if QUOTED.sub('', arguments).strip(' \n\t[](),'):
            message = "interact_select takes names of tabs, as in ['mxnet', 'pytorch']."
            raise PageError(path, line, message)
        names += tab_names(QUOTED.findall(arguments), path, line, 'interact_select')
    return names


def _lines(fence: Token) -> list[str]:
    # Not splitlines(), which also splits at form feeds and the like.
    return fence.content.removesuffix('\n').split('\n') if fence.content else []


def check_closed(fence: Token, path: Path) -> None:
    """Raises PageError if the fence has no end of its own."""
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
