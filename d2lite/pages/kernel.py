"""Runs the cells of a page in a Jupyter kernel of this interpreter.

    result = run_tab(read_page('lesson.md'), 'pytorch', on_output=print)
    result.error or result.values['history']

A hidden cell before the first one readies the kernel for its tab, and one after the last collects
what a summary says: both are in d2lite.pages.inside.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from d2lite import selection
from d2lite.pages.client import Failure, KernelClient
from d2lite.pages.inside import MIMETYPE
from d2lite.pages.source import Page

__all__ = ['TabResult', 'run_tab']

SETUP_SECONDS = 600  # a first import of a framework from a slow disk takes minutes
REPORT_SECONDS = 60


@dataclass
class TabResult:
    """How a page went on one tab."""

    tab: str
    cells_total: int
    cells_run: int = 0  # without an error
    seconds: float = 0.0  # of the cells, without the start of the kernel and of the framework
    error: Failure | None = None
    values: dict = field(default_factory=dict)  # see d2lite.pages.inside.report
    notebook: nbformat.NotebookNode | None = None  # the cells with their outputs


def run_tab(
    page: Page,
    tab: str,
    *,
    timeout: float | None = 600,
    on_output: Callable[[str, str], None] | None = None,
    show: Sequence[str] = (),
    seed: int | None = None,
    variables: Path | str | None = None,
) -> TabResult:
    """Runs the cells of `page` for `tab`, until the first that fails.

    `timeout` is in seconds for each cell, None or 0 for no limit. `on_output('stdout' or 'stderr',
    text)` is called with what cells print, as it comes. `show` names variables whose values are
    reported at the end. `seed` seeds everything before the first cell. `variables` is a file for
    the numbers the page holds at the end (see d2lite.pages.inside.save_variables). The kernel runs
    in the page's folder, and is gone when this returns, even by KeyboardInterrupt.

    What goes wrong in the page, the kernel or the framework is in the result. Raises PageError
    if the page has no such tab, BackendError if nobody has.
    """
    cells = page.for_tab(tab)
    tab = selection.canonical_name(tab)
    inside = "__import__('d2lite.pages.inside').pages.inside"
    last = f'{inside}.report(get_ipython(), {tab!r}, {list(show)!r})'
    if variables:
        path = str(Path(variables).resolve())
        last += f'\n{inside}.save_variables(get_ipython(), {tab!r}, {path!r})'
    return asyncio.run(
        _run(page, tab, cells, f'{inside}.set_up({tab!r}, {seed!r})', last, timeout, on_output)
    )


async def _run(page, tab, cells, first, last, timeout, on_output):
    first, last = nbformat.v4.new_code_cell(first), nbformat.v4.new_code_cell(last)
    nodes = [
        nbformat.v4.new_code_cell(
            cell.source, metadata={'d2lite': {'position': cell.position, 'line': cell.line}}
        )
        for cell in cells
    ]
    notebook = nbformat.v4.new_notebook(cells=[first, *nodes, last])
    result = TabResult(tab, len(cells), notebook=notebook)

    with tempfile.TemporaryDirectory(prefix='d2lite-') as folder:
        client = KernelClient(notebook, folder)
        try:
            result.error = await client.start(tab, page.path.parent.resolve())
            result.error = result.error or await client.attempt(0, SETUP_SECONDS)
            ready = result.error is None
            client.on_output = on_output
            start = time.perf_counter()
            for index, cell in enumerate(cells, start=1):
                if result.error:
                    break
                result.error = await client.attempt(index, timeout, cell)
                result.cells_run += result.error is None
            result.seconds = time.perf_counter() - start
            client.on_output = None
            if ready and client.usable:
                trouble = await client.attempt(len(nodes) + 1, REPORT_SECONDS)
                result.values = _reported(last, trouble)
        finally:
            await client.stop()
    notebook.cells = nodes
    return result


def _reported(node, trouble: Failure | None) -> dict:
    for output in node.outputs:
        if text := output.get('data', {}).get(MIMETYPE):
            return json.loads(text)
    return {'notes': [f'no summary of this tab: {trouble or "the kernel sent none"}']}
