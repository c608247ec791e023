"""A page that ran on one tab, as a Jupyter notebook with its outputs."""

import copy

from nbformat import NotebookNode

import d2lite
from d2lite.pages.reading.page import Cell, PageError
from d2lite.pages.reading.references import References
from d2lite.pages.rewriting.plain_notebook import notebook_of, plain_code
from d2lite.pages.running.result import TabResult


def executed_notebook(result: TabResult, references: References | None = None) -> NotebookNode:
    """The prose and the cells of the tab, with the outputs that its kernel gave.

    `references` are what the prose may refer to.

    The metadata of an incomplete run, and the output of its last cell, say so.
    """

    def with_outputs(cell: Cell) -> NotebookNode:
        node = copy.deepcopy(result.nodes[cell.position])
        node.source = _code(cell, result)
        return node

    notebook = notebook_of(result.page, result.tab, with_outputs, references)
    notebook.metadata['d2lite'] = {
        'version': d2lite.__version__,
        'tab': result.tab,
        'complete': result.complete,
        **({'error': str(result.error)} if result.error else {}),
    }
    return notebook


def _code(cell: Cell, result: TabResult) -> str:
    """The code of a cell without tabs; a failed cell as it ran, for the lines in its error."""
    if result.failed_in(cell):
        return cell.source
    try:
        return plain_code(cell, result.page, result.tab)
    except PageError:  # only running the cell could evaluate its use of `tab`
        return cell.source
