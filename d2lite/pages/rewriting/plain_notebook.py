"""Makes a plain notebook of one tab of a page, for `d2lite convert`.

It has no tabs and needs nothing but d2lite and the framework: cells and prose of the other tabs
are gone, `tab.selected(...)` is evaluated, `d2l` is d2lite on this tab's backend, and the book's
marks are plain Markdown.
"""

import re

import nbformat

from d2lite import selection
from d2lite.pages.reading.blocks import Cell, PageError, Prose
from d2lite.pages.reading.page import Page
from d2lite.pages.reading.references import find_labels, to_markdown
from d2lite.pages.rewriting.code import without_save_marks
from d2lite.pages.rewriting.imports import import_d2lite
from d2lite.pages.rewriting.tabs import Unresolvable, resolve

__all__ = ['METADATA', 'plain_code', 'to_plain_notebook']

EXTENSION = re.compile(r'^[ \t]*%(?:re)?load_ext[ \t]+(?:d2lbook|d2lite)\.tab[ \t]*(?:\n|\Z)', re.M)
MXNET = 'import d2lite.mxnet  # makes MXNet work with current NumPy, so it comes first'
METADATA = {
    'kernelspec': {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'},
    'language_info': {'name': 'python'},
}


def to_plain_notebook(page: Page, tab: str) -> nbformat.NotebookNode:
    """The notebook of `tab`, without outputs.

    Raises PageError, with file and line, if the page has no such tab, or uses `tab` in a way that
    only running it could evaluate; BackendError if no backend has this name.
    """
    parts = page.parts_for_tab(tab)
    tab = selection.canonical_name(tab)
    labels = find_labels(parts)
    cells, markdown = [], []
    for part in [*parts, None]:
        if isinstance(part, Prose):
            markdown.append(to_markdown(part.text, labels))
            continue
        code = '' if part is None else plain_code(part, page, tab)
        if code.strip() or part is None:
            if text := '\n\n'.join(filter(None, markdown)):
                cells.append(nbformat.v4.new_markdown_cell(text))
            markdown = []
        if code.strip():
            cells.append(nbformat.v4.new_code_cell(code))
    if tab == 'mxnet' and _imports_mxnet_first(cells):
        cells.insert(0, nbformat.v4.new_code_cell(MXNET))
    for number, cell in enumerate(cells, start=1):
        cell.id = f'cell-{number}'  # the same page gives the same file
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def plain_code(cell: Cell, page: Page, tab: str) -> str:
    """The code of a cell on `tab`, a canonical name, without tabs and marks of the book."""
    code = cell.source
    try:
        if page.tabs:
            code = EXTENSION.sub('', resolve(code, tab))
        return import_d2lite(without_save_marks(code), tab).strip('\n')
    except Unresolvable as error:
        raise PageError(page.path, cell.first_line + error.line - 1, str(error)) from None
    except SyntaxError as error:
        if page.tabs and re.search(r'\btab\s*\.', code):
            message = f'This cell uses `tab`, but it cannot be read as Python: {error.msg}.'
            raise PageError(page.path, cell.line, message) from None
        return without_save_marks(code).strip('\n')  # such as a cell of %%bash


def _imports_mxnet_first(cells) -> bool:
    code = '\n'.join(cell.source for cell in cells if cell.cell_type == 'code')
    first = re.search(r'^[ \t]*(?:import|from)[ \t]+(mxnet|d2lite)\b', code, re.M)
    return first is not None and first[1] == 'mxnet'
