"""Makes a notebook with all tabs of a page, for `d2lite convert PAGE --tab all`.

The selector of d2lite.tab chooses the tab in it; cells keep their `%%tab` lines. Prose that is for
some tabs only begins with their names.
"""

import re

from nbformat import NotebookNode, v4

from d2lite import selection
from d2lite.pages.reading.blocks import Cell, Prose
from d2lite.pages.reading.page import Page
from d2lite.pages.reading.references import References, to_markdown
from d2lite.pages.rewriting.code import without_save_marks
from d2lite.pages.rewriting.imports import import_d2lite, uses_d2l_unimported
from d2lite.pages.rewriting.plain_notebook import FIRST_IMPORT, METADATA, MXNET, new_code_cell

TITLES = {'mxnet': 'MXNet', 'pytorch': 'PyTorch', 'tensorflow': 'TensorFlow', 'jax': 'JAX'}
TITLES['nnx'] = 'Flax NNX'


def to_tabbed_notebook(page: Page, references: References) -> NotebookNode:
    """The notebook of all tabs that d2lite has a backend for, without outputs."""
    tabs = page.tabs or tuple(selection.registered_backends())
    nodes = []
    if not any(cell.front for cell in page.cells):
        front = f'%load_ext d2lite.tab\ntab.interact_select({list(tabs)})'
        nodes.append(v4.new_code_cell(front))
    for part in page.parts:
        of_part = _tabs_of(part, page)
        if not of_part:
            continue
        if isinstance(part, Prose):
            nodes.append(_prose(part, references, of_part, tabs))
        else:
            nodes.append(new_code_cell(part, _code(part, page, of_part)))
    _import_d2l(nodes, page, tabs)
    nodes = [node for node in nodes if node.source.strip()]
    for number, node in enumerate(nodes, start=1):
        node.id = f'cell-{number}'  # the same page gives the same file
    return v4.new_notebook(cells=nodes, metadata=METADATA)


def _tabs_of(part: Prose | Cell, page: Page) -> tuple[str, ...]:
    """The tabs that have a part of the page, or ('all',)."""
    if not page.tabs:
        return ('all',)
    has = tuple(tab for tab in page.tabs if part in page.parts_for_tab(tab))
    return ('all',) if has == page.tabs else has


def _prose(part, references, of_part, tabs):
    node = v4.new_markdown_cell(to_markdown(part.text, references))
    if of_part != ('all',):
        names = ', '.join(TITLES.get(tab, tab) for tab in of_part)
        node.source = f'**{names}:**\n\n{node.source}'
        node.metadata['d2lite'] = {'tabs': list(of_part)}
    return node


def _code(cell: Cell, page: Page, of_cell: tuple[str, ...]) -> str:
    """The code of a cell, below the line that names its tabs."""
    tab = of_cell[0] if len(of_cell) == 1 and of_cell != ('all',) else None
    code = re.sub(r'(load_ext[ \t]+)d2lbook(\.tab\b)', r'\1d2lite\2', cell.source)
    code = without_save_marks(code).strip('\n')
    try:
        code = import_d2lite(code, tab)
    except SyntaxError:  # such as a cell of %%bash
        pass
    first = FIRST_IMPORT.search(code)
    if tab == 'mxnet' and first and first[1] == 'mxnet':
        code = f'{MXNET}\n{code}'
    names = not cell.front and bool(page.tabs) and not (of_cell == ('all',) and not cell.tabs)
    return f'%%tab {", ".join(of_cell)}\n{code}' if names else code


def _import_d2l(nodes, page, tabs):
    """Imports `d2l` where a tab uses it without: a page that runs has it from the start."""
    for tab in tabs:
        if uses_d2l_unimported(cell.source for cell in page.for_tab(tab)):
            at = next((n for n, node in enumerate(nodes, 1) if 'interact_select' in node.source), 0)
            nodes.insert(at, v4.new_code_cell('import d2lite as d2l'))
            return
