"""Runs the cells of a page in a Jupyter kernel of this interpreter.

    result = run_tab(read_page('lesson.md'), 'pytorch', on_output=print)
    result.error or result.values['history']

A hidden cell before the first one prepares the kernel for its tab, and one after the last collects
a summary. Both are in d2lite.pages.running.in_kernel.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from d2lite import selection
from d2lite.pages.reading.page import Page
from d2lite.pages.running.client import Failure, KernelClient
from d2lite.pages.running.in_kernel import MIMETYPE

__all__ = ['TabResult', 'execute', 'run_tab', 'wait_for']

SETUP_SECONDS = 600  # a first import of a framework from a slow disk takes minutes
REPORT_SECONDS = 60


@dataclass
class TabResult:
    """The result of a page on one tab; it is filled in while the page runs."""

    tab: str
    cells_total: int
    cells_run: int = 0  # without an error
    seconds: float = 0.0  # of the cells, without the start of the kernel and of the framework
    error: Failure | None = None
    values: dict = field(default_factory=dict)  # see d2lite.pages.running.in_kernel.report
    notebook: nbformat.NotebookNode | None = None  # the cells with their outputs
    page: Page | None = None
    overridden: list = field(default_factory=list)  # see d2lite.pages.rewriting.overrides

    @property
    def nodes(self) -> dict[int, nbformat.NotebookNode]:
        """The cells of the notebook by their positions on the page."""
        return {node.metadata['d2lite']['position']: node for node in self.notebook.cells}

    @classmethod
    def of(cls, page: Page, tab: str) -> 'TabResult':
        """The result before the run. Raises PageError or BackendError if there is no such tab."""
        cells = page.for_tab(tab)
        nodes = [
            nbformat.v4.new_code_cell(
                cell.source, metadata={'d2lite': {'position': cell.position, 'line': cell.line}}
            )
            for cell in cells
        ]
        notebook = nbformat.v4.new_notebook(cells=nodes)
        return cls(selection.canonical_name(tab), len(cells), notebook=notebook, page=page)


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
    the numbers the page holds at the end (see `in_kernel.save_variables`). The kernel runs in the
    page's folder, and is gone when this returns, even by KeyboardInterrupt.

    Errors of the page, the kernel or the framework are in the result. Raises PageError if the page
    has no such tab, BackendError if no backend has this name.
    """
    result = TabResult.of(page, tab)
    wait_for(execute(result, timeout, on_output, show, seed, variables))
    return result


async def execute(
    result: TabResult,
    timeout: float | None = 600,
    on_output: Callable[[str, str], None] | None = None,
    show: Sequence[str] = (),
    seed: int | None = None,
    variables: Path | str | None = None,
    on_cell: Callable[[], None] | None = None,
) -> None:
    """Runs the tab of `result`, and fills it in; the arguments are those of `run_tab`.

    `on_cell()` is called after each cell that passed. If this is cancelled, `result` holds
    the cells that ran, and an error that says so.
    """
    cells, nodes = result.page.for_tab(result.tab), result.notebook.cells
    inside = "__import__('d2lite.pages.running.in_kernel').pages.running.in_kernel"
    report = f'{inside}.report(get_ipython(), {result.tab!r}, {list(show)!r})'
    if variables:
        path = str(Path(variables).resolve())
        report += f'\n{inside}.save_variables(get_ipython(), {result.tab!r}, {path!r})'
    first = nbformat.v4.new_code_cell(f'{inside}.set_up({result.tab!r}, {seed!r})')
    last = nbformat.v4.new_code_cell(report)
    notebook = nbformat.v4.new_notebook(cells=[first, *nodes, last])

    with tempfile.TemporaryDirectory(prefix='d2lite-') as folder:
        client = KernelClient(notebook, folder)
        current = None
        try:
            result.error = await client.start(result.tab, result.page.path.parent.resolve())
            result.error = result.error or await client.attempt(0, SETUP_SECONDS)
            ready = result.error is None
            client.on_output = on_output
            start = time.perf_counter()
            for index, current in enumerate(cells, start=1):
                if result.error:
                    break
                result.error = await client.attempt(index, timeout, current)
                result.cells_run += result.error is None
                result.seconds = time.perf_counter() - start
                if on_cell and not result.error:
                    on_cell()
            client.on_output = None
            if ready and client.usable:
                problem = await client.attempt(len(nodes) + 1, REPORT_SECONDS)
                result.values = _reported(last, problem)
        except asyncio.CancelledError:
            line = current and current.first_line
            result.error = Failure(current, line, 'Interrupted', 'the run was stopped')
            raise
        finally:
            _merge_streams(result.notebook)
            _show_failure(result, current)
            await client.stop()


def _merge_streams(notebook: nbformat.NotebookNode) -> None:
    """Joins what a cell printed in several pieces into one output, as Jupyter does."""
    for node in notebook.cells:
        merged = []
        for output in node.outputs:
            before = merged[-1] if merged else {}
            if output.get('name') and output.get('name') == before.get('name'):
                before['text'] += output['text']
            else:
                merged.append(output)
        node.outputs = merged


def _show_failure(result: TabResult, cell) -> None:
    """Puts the error under its cell where the kernel could not, as it was stopped or had died."""
    if not result.error or not cell or result.error.cell != cell:
        return
    node = result.nodes[cell.position]
    if not any(output.output_type == 'error' for output in node.outputs):
        error = result.error
        lines = [f'{error.ename}: {error.evalue}', *error.traceback.splitlines()]
        node.outputs.append(
            nbformat.v4.new_output('error', ename=error.ename, evalue=error.evalue, traceback=lines)
        )


def wait_for(work: Coroutine) -> None:
    """Runs `work` to its end, also where an event loop runs already, as it does in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    with ThreadPoolExecutor(1) as thread:
        waited = thread.submit(loop.run_until_complete, task)
        try:
            waited.result()
        except (KeyboardInterrupt, SystemExit):
            loop.call_soon_threadsafe(task.cancel)  # the kernels end, and then the thread does
            raise
        finally:
            thread.submit(loop.close)


def _reported(node, problem: Failure | None) -> dict:
    for output in node.outputs:
        if text := output.get('data', {}).get(MIMETYPE):
            return json.loads(text)
    return {'notes': [f'no summary of this tab: {problem or "the kernel sent none"}']}
