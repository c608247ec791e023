"""Reads the fences that are cells: their tabs, and what the front cell offers."""

import re
from pathlib import Path

from markdown_it.token import Token

from d2lite.pages.reading.blocks import TAB_LINE, Cell, PageError, tabs_on_page

# IPython drops leading blank lines and counts without them, so they are dropped here too.
HEAD = re.compile(rf'(?:\s*\n)?(?:{TAB_LINE.pattern}(?:\n|\Z))?(?:\s*(?:\n|\Z))?')
LATER_TAB_LINE = re.compile(rf'^{TAB_LINE.pattern}$', re.M)
FRONT = re.compile(
    r'^\s*(?:%(?:re)?load_ext\s+(?:d2lbook|d2lite)\.tab\b|tab\.interact_select\()', re.M
)
SELECT = re.compile(r'^\s*tab\.interact_select\((?P<names>.*?)\)', re.M | re.S)
# As a word (.raises-exception) or as a tag (tags=["raises-exception"]), which Jupytext writes.
RAISES = re.compile(r'(?<![\w-])raises-exception(?![\w-])')
QUOTED = re.compile(r"""['"]([^'"]*)['"]""")


def read_cell(fence: Token, position: int, path: Path) -> Cell:
    """The cell in `fence`, a part of the file `path`. Raises PageError for wrong tabs."""
    content = fence.content.removesuffix('\n')
    head = HEAD.match(content)
    line = fence.map[0] + 1
    tabs = None
    if head['mark']:
        number = line + 1 + content.count('\n', 0, head.start('mark'))
        tabs = tabs_on_page(head['names'], head['mark'], path, number)
    source, first_line = content[head.end() :], line + 1 + head[0].count('\n')
    if match := LATER_TAB_LINE.search(source):
        number = first_line + source.count('\n', 0, match.start('mark'))
        message = f'{match["mark"]} must be the first line of its cell, and there only once.'
        raise PageError(path, number, message)
    front = tabs is None and FRONT.search(source) is not None
    return Cell(source, line, first_line, tabs, position, front, bool(RAISES.search(fence.info)))


def offered_tabs(cell: Cell, path: Path) -> list[str]:
    """The tabs that a front cell offers, in either style of call, as lists or as arguments."""
    names = []
    for match in SELECT.finditer(cell.source):
        line = cell.first_line + cell.source.count('\n', 0, match.start('names'))
        arguments = re.sub('#.*', '', match['names'])
        if QUOTED.sub('', arguments).strip(' \n\t[](),'):
            message = "interact_select takes names of tabs, as in ['mxnet', 'pytorch']."
            raise PageError(path, line, message)
        names += tabs_on_page(','.join(QUOTED.findall(arguments)), 'interact_select', path, line)
    return names


def check_closed(fence: Token, path: Path) -> None:
    """Raises PageError if the fence has no end of its own."""
    start, end = fence.map
    if fence.content.count('\n') != end - start - 2:  # a closed one has two lines more
        raise PageError(path, start + 1, f'This fence is never closed; end it with {fence.markup}')
    # Without its closing line a fence goes on to that of the next one, and swallows its opening.
    opening = re.compile(rf'^ {{0,3}}{fence.markup}+ *[^\s`~][^`\n]*$', re.M)
    if match := opening.search(fence.content):
        number = start + 2 + fence.content.count('\n', 0, match.start())
        message = f'This fence is not closed before the next one begins in line {number}; '
        raise PageError(path, start + 1, message + f'end it with {fence.markup}')
