"""Runs the cells of a page in a Jupyter kernel of this interpreter.

    result = run_tab(read_page('lesson.md'), 'pytorch', on_output=print)
    result.error or result.values['history']

A hidden cell before the first one readies the kernel for its tab, and one after the last collects
what a summary says: both are in d2lite.pages.inside.
"""

import asyncio
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from d2lite.pages.inside import MIMETYPE
from d2lite.pages.source import Cell, Page

__all__ = ['Failure', 'TabResult', 'run_tab']

SETUP_SECONDS = 600  # a first import of a framework from a slow disk takes minutes
REPORT_SECONDS = 60
ANSI = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')


@dataclass(frozen=True)
class Failure:
    """Why a tab did not pass."""

    cell: Cell | None  # None: the kernel or the framework did not start
    line: int | None  # in the file: the statement that failed, or else the beginning of the cell
    ename: str
    evalue: str
    traceback: str = ''

    def __str__(self):
        place = f'cell {self.cell.position} (line {self.line}): ' if self.cell else ''
        return f'{place}{self.ename}: {self.evalue}' if self.evalue else f'{place}{self.ename}'


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
) -> TabResult:
    """Runs the cells of `page` for `tab`, until the first that fails.

    `timeout` is in seconds for each cell, None or 0 for no limit. `on_output('stdout' or 'stderr',
    text)` is called with what cells print, as it comes. `show` names variables whose values are
    reported at the end. The kernel runs in the page's folder, and is gone when this returns, even
    by KeyboardInterrupt.

    What goes wrong in the page, the kernel or the framework is in the result. Raises PageError
    only, if the page has no such tab.
    """
    cells = page.for_tab(tab)
    return asyncio.run(_run(page, tab, cells, timeout, on_output or (lambda *_: None), show))


async def _run(page, tab, cells, timeout, on_output, show):
    begin = "__import__('d2lite.pages.inside').pages.inside."
    first = nbformat.v4.new_code_cell(f'{begin}set_up({tab!r})')
    last = nbformat.v4.new_code_cell(f'{begin}report(get_ipython(), {tab!r}, {list(show)!r})')
    nodes = [
        nbformat.v4.new_code_cell(
            cell.source, metadata={'d2lite': {'position': cell.position, 'line': cell.line}}
        )
        for cell in cells
    ]
    notebook = nbformat.v4.new_notebook(cells=[first, *nodes, last])
    result = TabResult(tab, len(cells), notebook=notebook)

    with tempfile.TemporaryDirectory(prefix='d2lite-') as folder:
        manager = AsyncKernelManager(
            kernel_name='python3',
            kernel_spec_manager=_ThisInterpreter(),
            connection_file=os.path.join(folder, 'kernel.json'),
            # Sockets in our own folder, not ports of this machine; their paths must be short.
            transport='ipc' if os.name == 'posix' and len(folder) < 80 else 'tcp',
        )
        client = _Client(notebook, km=manager, startup_timeout=120)
        try:
            result.error = await client.start(page, tab) or await client.attempt(0, SETUP_SECONDS)
            client.on_output = on_output
            start = time.perf_counter()
            for index, cell in enumerate(cells, start=1):
                if result.error:
                    break
                result.error = await client.attempt(index, timeout, cell)
                result.cells_run += result.error is None
            result.seconds = time.perf_counter() - start
            client.on_output = None
            if client.usable:
                trouble = await client.attempt(len(nodes) + 1, REPORT_SECONDS)
                result.values = _reported(last, trouble)
        finally:
            await client.stop(graceful=client.usable)
    notebook.cells = nodes
    return result


class _ThisInterpreter(KernelSpecManager):
    """Knows one kernel: this Python. An installed kernelspec may point at any other."""

    def get_kernel_spec(self, kernel_name):
        command = [sys.executable, '-m', 'ipykernel_launcher', '-f', '{connection_file}']
        # Tracebacks as Python prints them, without the surrounding lines of every frame.
        command += ['--InteractiveShell.xmode=Plain']
        return KernelSpec(argv=command, display_name='Python', language='python')


class _Client(NotebookClient):
    """nbclient, with outputs handed on as they come and every failure told as a Failure."""

    on_output = None
    usable = False  # the kernel is alive and waits for the next cell

    async def start(self, page: Page, tab: str) -> Failure | None:
        environment = {**os.environ, 'D2LITE_BACKEND': tab}
        try:
            await self.async_start_new_kernel(env=environment, cwd=str(page.path.parent.resolve()))
            await self.async_start_new_kernel_client()
        except (OSError, RuntimeError) as error:
            return Failure(None, None, 'KernelError', f'The Jupyter kernel did not start: {error}')
        self.usable = True

    async def attempt(self, index: int, seconds: float, cell: Cell | None = None) -> Failure | None:
        """Runs one cell of the notebook, a hidden one if it is none of the page's."""
        node = self.nb.cells[index]
        self.timeout_func = lambda _: seconds
        line = cell and cell.first_line
        try:
            await self.async_execute_cell(node, index, store_history=cell is not None)
        except CellExecutionError as error:
            return _failure(error, node, cell)
        except CellTimeoutError:
            self.usable = False
            return Failure(cell, line, 'Timeout', f'still running after {seconds:g} seconds')
        except DeadKernelError:
            self.usable = False
            if asyncio.current_task().cancelling():  # nbclient takes Ctrl-C for this, too
                raise asyncio.CancelledError from None
            code = await self.km.provisioner.poll()
            return Failure(cell, line, 'KernelDied', f'the kernel {_ending(code)}')

    def process_message(self, message, cell, cell_index):
        if self.on_output:
            kind, content = message['msg_type'], message['content']
            if kind == 'stream':
                self.on_output(content['name'], content['text'])
            elif kind in ('execute_result', 'display_data'):
                data = content['data']
                # Where there is a picture, its text says no more than that there is one.
                if 'text/plain' in data and not any(key.startswith('image/') for key in data):
                    self.on_output('stdout', data['text/plain'] + '\n')
        return super().process_message(message, cell, cell_index)

    async def stop(self, graceful: bool) -> None:
        try:
            if self.km.has_kernel:
                await self.km.shutdown_kernel(now=not graceful)
        finally:
            if self.kc:
                self.kc.stop_channels()


def _failure(error: CellExecutionError, node, cell: Cell | None) -> Failure:
    output = next((out for out in node.outputs if out.output_type == 'error'), {})
    lines = ANSI.sub('', '\n'.join(output.get('traceback', []))).splitlines()
    text = '\n'.join(line for line in lines if line.strip())
    if cell is None:
        # Of a missing framework d2lite's own words say all.
        own = error.ename == 'BackendError'
        return Failure(None, None, error.ename, error.evalue, '' if own else text)
    found = re.search(rf'In ?\[{node.execution_count}\],.*?\bline:? (\d+)', text)
    line = cell.first_line + int(found[1]) - 1 if found else cell.first_line
    return Failure(cell, line, error.ename, ANSI.sub('', error.evalue), text)


def _reported(node, trouble: Failure | None) -> dict:
    for output in node.outputs:
        if text := output.get('data', {}).get(MIMETYPE):
            return json.loads(text)
    return {'notes': [f'no summary of this tab: {trouble or "the kernel sent none"}']}


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f'died (exit status {code})'
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f'signal {-code}'
    hint = '; often this means that memory ran out' if name == 'SIGKILL' else ''
    return f'was killed by {name}{hint}'
