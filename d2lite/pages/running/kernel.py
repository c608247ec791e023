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
from pathlib import Path
from typing import Any

from nbformat import v4

from d2lite.pages.course.hints import CourseHints
from d2lite.pages.reading.page import Page
from d2lite.pages.reading.style import backend_of
from d2lite.pages.running.client import KernelClient
from d2lite.pages.running.in_kernel import MIMETYPE
from d2lite.pages.running.places import Places
from d2lite.pages.running.result import Failure, TabResult

SETUP_SECONDS = 600  # a first import of a framework from a slow disk takes minutes
REPORT_SECONDS = 60


def run_tab(
    page: Page,
    tab: str,
    *,
    timeout: float | None = 600,
    on_output: Callable[[str, str], None] | None = None,
    show: Sequence[str] = (),
    seed: int | None = None,
    variables: Path | str | None = None,
    prefer: str | None = None,
) -> TabResult:
    """Runs the cells of `page` for `tab`, until the first that fails.

    `timeout` is in seconds for each cell, None or 0 for no limit. `on_output('stdout' or 'stderr',
    text)` is called with what cells print, as it comes. `show` names variables whose values are
    reported at the end. `seed` seeds everything before the first cell. `variables` is a file for
    the numbers the page holds at the end (see `in_kernel.save_variables`). `prefer` is `'course'`
    or `'d2lite'`: whose definition of a name counts, if it is not as the course of the page says.
    The kernel runs in the page's folder, and is gone when this returns, even by KeyboardInterrupt.

    Errors of the page, the kernel or the framework are in the result. Raises PageError if the page
    has no such tab, BackendError if no backend has this name.
    """
    result = TabResult.of(page, tab)
    result.prefer(prefer)
    wait_for(execute(result, timeout, on_output, show, seed, variables))
    return result


async def execute(
    result: TabResult,
    timeout: float | None,
    on_output: Callable[[str, str], None] | None = None,
    show: Sequence[str] = (),
    seed: int | None = None,
    variables: Path | str | None = None,
    on_cell: Callable[[], None] | None = None,
    folder: Path | None = None,
) -> None:
    """Runs the tab of `result`, and fills it in; the arguments are those of `run_tab`.

    The kernel runs in `folder`, else in that of the page. `on_cell()` is called after each cell
    that passed. If this is cancelled, `result` holds the cells that ran, and an error that says so.
    """
    cells, backend = result.page.for_tab(result.tab), backend_of(result.page, result.tab)
    inside = "__import__('d2lite.pages.running.in_kernel').pages.running.in_kernel"
    report = f'{inside}.report(get_ipython(), {backend!r}, {list(show)!r})'
    if variables:
        path = str(Path(variables).resolve())
        report += f'\n{inside}.save_variables(get_ipython(), {backend!r}, {path!r})'
    page = str(result.page.path.resolve()) if result.course else None
    prefer = result.course and result.course.prefer
    options = f'{result.tab!r}, {seed!r}, {result.compat!r}, {page!r}, {prefer!r}, {backend!r}'
    first = v4.new_code_cell(f'{inside}.set_up({options})')
    last = v4.new_code_cell(report)
    notebook = v4.new_notebook(cells=[first, *result.notebook.cells, last])

    with tempfile.TemporaryDirectory(prefix='d2lite-') as own:
        client = KernelClient(notebook, own)
        client.lent = result.compat
        if result.course:
            client.course_hints = CourseHints(result.course, result.tab, result.page.path)
        client.places = Places(result.page.path, cells)
        current = None
        try:
            result.error = await client.start(
                backend, (folder or result.page.path.parent).resolve()
            )
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
                problem = await client.attempt(len(cells) + 1, REPORT_SECONDS)
                result.values = _reported(last, problem)
        except asyncio.CancelledError:
            line = current and current.first_line
            result.error = Failure(current, line, 'Interrupted', 'the run was stopped')
            raise
        finally:
            _show_failure(result)
            await client.stop()


def _show_failure(result: TabResult) -> None:
    """Puts the error under its cell where the kernel could not, as it was stopped or had died."""
    error = result.error
    if not error or not error.cell:
        return
    outputs = result.nodes[error.cell.position].outputs
    if not any(output.output_type == 'error' for output in outputs):
        lines = [f'{error.ename}: {error.evalue}', *error.traceback.splitlines()]
        outputs.append(
            v4.new_output('error', ename=error.ename, evalue=error.evalue, traceback=lines)
        )


def wait_for(work: Coroutine[Any, Any, None]) -> None:
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
