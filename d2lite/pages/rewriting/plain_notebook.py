"""Makes a plain notebook of one tab of a page, for `d2lite convert`.

It has no tabs and needs nothing but d2lite and the framework: cells and prose of the other tabs
are gone, `tab.selected(...)` is evaluated, `d2l` is d2lite on this tab's backend, and the book's
marks are plain Markdown.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, v4

from d2lite import selection
from d2lite.pages.compat.renaming import write_current_names
from d2lite.pages.reading.blocks import Cell, PageError
from d2lite.pages.reading.book import Book
from d2lite.pages.reading.page import Page
from d2lite.pages.reading.references import References, to_markdown
from d2lite.pages.reading.style import backend_of
from d2lite.pages.rewriting.code import without_save_marks
from d2lite.pages.rewriting.imports import (
    import_d2lite,
    import_line,
    on_backend,
    uses_d2l_unimported,
)
from d2lite.pages.rewriting.tabs import Unresolvable, resolve

EXTENSION = re.compile(r'^[ \t]*%(?:re)?load_ext[ \t]+(?:d2lbook|d2lite)\.tab[ \t]*(?:\n|\Z)', re.M)
FIRST_IMPORT = re.compile(r'^[ \t]*(?:import|from)[ \t]+(mxnet|d2lite)\b', re.M)
MXNET = 'import d2lite.mxnet  # makes MXNet work with current NumPy, so it comes first'
METADATA = {
    'kernelspec': {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'},
    'language_info': {'name': 'python'},
}


def to_plain_notebook(page: Page, tab: str, references: References | None = None) -> NotebookNode:
    """The notebook of `tab`, without outputs; `references` are what its prose may refer to.

    Raises PageError, with file and line, if the page has no such tab, or uses `tab` in a way that
    only running it could evaluate; BackendError if no backend has this name.
    """
    name = selection.canonical_name(tab)
    notebook = notebook_of(
        page, tab, lambda cell: new_code_cell(cell, plain_code(cell, page, name)), references
    )
    write_current_names(notebook.cells)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == 'code']
    if uses_d2l_unimported(sources):
        # A page that runs has `d2l` from the start, for only another tab may import it.
        sources.insert(0, import_line(backend_of(page, name)))
        notebook.cells.insert(0, v4.new_code_cell(sources[0], id='d2l'))
    first = FIRST_IMPORT.search('\n'.join(sources))
    if name == 'mxnet' and first and first[1] == 'mxnet':
        notebook.cells.insert(0, v4.new_code_cell(MXNET, id='mxnet'))
    return notebook


def notebook_of(
    page: Page,
    tab: str,
    node_of: Callable[[Cell], NotebookNode],
    references: References | None = None,
) -> NotebookNode:
    """The prose of `tab`, and what `node_of` makes of its cells; what is empty is left out."""
    place = Path(page.path.name)
    references = references or Book({place: page}).references(place, f'.{tab}.ipynb', tab)
    nodes = [
        node_of(part)
        if isinstance(part, Cell)
        else v4.new_markdown_cell(to_markdown(part.text, references))
        for part in page.parts_for_tab(tab)
    ]
    nodes = [node for node in nodes if node.source.strip()]
    for number, node in enumerate(nodes, start=1):
        node.id = f'cell-{number}'  # the same page gives the same file
    return v4.new_notebook(cells=nodes, metadata=METADATA)


def new_code_cell(cell: Cell, source: str, **metadata: Any) -> NotebookNode:
    """A cell of a notebook for a cell of a page; a tag says if it shall raise an exception."""
    if cell.raises:
        metadata['tags'] = ['raises-exception']  # what Jupyter and nbconvert go by
    return v4.new_code_cell(source, metadata=metadata)


def plain_code(cell: Cell, page: Page, tab: str) -> str:
    """The code of a cell on `tab`, a canonical name, without tabs and marks of the book."""
    code = cell.source
    try:
        if page.tabs:
            code = EXTENSION.sub('', resolve(code, tab))
        code = import_d2lite(without_save_marks(code), tab)
        return on_backend(code, tab, backend_of(page, tab)).strip('\n')
    except Unresolvable as error:
        raise PageError(page.path, cell.first_line + error.line - 1, str(error)) from None
    except SyntaxError as error:
        if page.tabs and re.search(r'\btab\s*\.', code):
            message = f'This cell uses `tab`, but it cannot be read as Python: {error.msg}.'
            raise PageError(page.path, cell.line, message) from None
        return without_save_marks(code).strip('\n')  # such as a cell of %%bash
