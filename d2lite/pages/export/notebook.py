"""A page that ran on one tab, as a Jupyter notebook with its outputs."""

import copy

import nbformat

import d2lite
from d2lite.pages.export.old_outputs import with_texts
from d2lite.pages.reading.page import Cell, PageError, Prose
from d2lite.pages.reading.references import find_labels, to_markdown
from d2lite.pages.rewriting.plain_notebook import METADATA, plain_code
from d2lite.pages.running.kernel import TabResult

__all__ = ['executed_notebook', 'notebook_text']


def executed_notebook(result: TabResult) -> nbformat.NotebookNode:
    """The prose and the cells of the tab, with the outputs that its kernel gave.

    The metadata of an incomplete run, and the output of its last cell, say so.
    """
    parts = result.page.parts_for_tab(result.tab)
    labels = find_labels(parts)
    cells = []
    for part, text in with_texts(parts):
        if isinstance(part, Prose):
            if shown := to_markdown(text, labels):
                cells.append(nbformat.v4.new_markdown_cell(shown))
        else:
            node = copy.deepcopy(result.nodes[part.position])
            node.source = _code(part, result)
            if node.source.strip():
                cells.append(node)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    notebook.metadata['d2lite'] = {
        'version': d2lite.__version__,
        'tab': result.tab,
        'complete': result.error is None and result.cells_run == result.cells_total,
        **({'error': str(result.error)} if result.error else {}),
    }
    for number, cell in enumerate(cells):
        cell.id = f'cell-{number + 1}'
    return notebook


def _code(cell: Cell, result: TabResult) -> str:
    """The code of a cell without tabs; a failed cell as it ran, for the lines in its error."""
    if result.error and result.error.cell == cell:
        return cell.source
    try:
        return plain_code(cell, result.page, result.tab)
    except PageError:  # only running the cell could evaluate its use of `tab`
        return cell.source


def notebook_text(result: TabResult) -> str:
    """The notebook as the text of an .ipynb file."""
    return nbformat.writes(executed_notebook(result)) + '\n'
