"""One Jupyter kernel of this interpreter, to which a page's cells are sent one by one."""

import asyncio
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from d2lite.pages.compat.table import hint as hint_of_old_name
from d2lite.pages.course.hints import CourseHints
from d2lite.pages.hints import hint_for
from d2lite.pages.packages import missing_package_hint
from d2lite.pages.reading.page import Cell
from d2lite.pages.running.places import Places
from d2lite.pages.running.result import Failure

START_SECONDS = 120
MAX_LOG_LINES = 12
ANSI = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')


class KernelClient(NotebookClient):
    """An nbclient that passes outputs on as they come and returns every error as a Failure."""

    on_output: Callable[[str, str], None] | None = None  # takes 'stdout' or 'stderr', and the text
    output_error: Exception | None = None  # what it raised
    places: Places | None = None  # what the page calls the files of its cells
    course_hints: CourseHints | None = None  # if the page belongs to a course
    lent: bool = False  # the page has names that the frameworks have given up
    usable: bool = False  # the kernel is alive and waits for the next cell

    def __init__(self, notebook: NotebookNode, folder: str) -> None:
        """`folder` is for what a running kernel needs: its sockets and its log."""
        manager = AsyncKernelManager(
            # Without folders it knows this Python alone; an installed kernelspec may be another.
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            connection_file=os.path.join(folder, 'kernel.json'),
            # Sockets in our own folder, not ports of this machine; their paths must be short.
            transport='ipc' if os.name == 'posix' and len(folder) < 80 else 'tcp',
        )
        # Tracebacks as Python prints them, without the surrounding lines of every frame.
        plain = ['--InteractiveShell.xmode=Plain']
        super().__init__(
            notebook, km=manager, iopub_timeout=60, extra_arguments=plain, coalesce_streams=True
        )
        self.log_path = Path(folder, 'kernel.log')

    async def start(self, backend: str, cwd: Path) -> Failure | None:
        """Starts the kernel in folder `cwd`; the Failure if it does not come up."""
        environment = {**os.environ, 'D2LITE_BACKEND': backend}
        # ipykernel sends the output of child processes and repeats it; the copy goes to a file.
        try:
            with open(self.log_path, 'wb') as log:
                await self.async_start_new_kernel(
                    env=environment, cwd=str(cwd), stdout=log, stderr=log
                )
            self.kc = self.km.client()
            self.kc.start_channels()
            await self.kc.wait_for_ready(timeout=START_SECONDS)
        except (OSError, RuntimeError) as error:
            message = f'the Jupyter kernel did not start: {error}'
            return Failure(None, None, 'KernelError', message, self.log_tail())
        self.kc.allow_stdin = False
        self.usable = True

    def log_tail(self) -> str:
        """The last lines that the kernel wrote outside of any cell; they may say why it died."""
        return '\n'.join(self.log_path.read_text(errors='replace').splitlines()[-MAX_LOG_LINES:])

    async def attempt(
        self, index: int, seconds: float | None, cell: Cell | None = None
    ) -> Failure | None:
        """Runs one cell of the notebook, a hidden one if it is none of the page's."""
        node = self.nb.cells[index]
        self.timeout_func = lambda _: seconds
        line = cell and cell.first_line
        try:
            await self.async_execute_cell(node, index, store_history=cell is not None)
            if cell and cell.raises and not _raised(node):
                message = 'this cell is marked raises-exception, and raised none'
                return Failure(cell, line, 'NoException', message)
        except CellExecutionError as error:
            failure = _failure(error, node, cell, self.lent)
            return self.course_hints.added_to(failure) if self.course_hints else failure
        except CellTimeoutError:
            self.usable = False
            return Failure(cell, line, 'Timeout', f'still running after {seconds:g} seconds')
        except DeadKernelError:
            self.usable = False
            if self.output_error:
                raise self.output_error from None
            if asyncio.current_task().cancelling():  # nbclient takes Ctrl-C for this, too
                raise asyncio.CancelledError from None
            code = await self.km.provisioner.poll()
            message = f'the kernel {_ending(code)}'
            return Failure(cell, line, 'KernelDied', message, self.log_tail())

    def process_message(
        self, message: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        if self.places and message['msg_type'] == 'stream':
            message['content']['text'] = self.places.named(message['content']['text'])
        if self.on_output and (printed := _printed(message['msg_type'], message['content'])):
            try:
                self.on_output(*printed)
            except Exception as error:  # nbclient would look at it only when the cell is done
                self.output_error = error
                self.task_poll_for_reply.cancel()
                raise
        return super().process_message(message, cell, cell_index)

    async def stop(self) -> None:
        """Ends the kernel: politely if it listens, so that what it has to do at exit is done."""
        try:
            if self.km.has_kernel:
                await self.km.shutdown_kernel(now=not self.usable)
        finally:
            if self.kc:
                self.kc.stop_channels()


def _raised(node: NotebookNode) -> bool:
    return any(output.output_type == 'error' for output in node.outputs)


def _printed(kind: str, content: dict[str, Any]) -> tuple[str, str] | None:
    """The stream and the text of a message from the kernel, if a terminal would show it."""
    if kind == 'stream':
        return content['name'], content['text']
    data = content['data'] if kind in ('execute_result', 'display_data') else {}
    # Where there is a picture, its text says no more than that there is one.
    if 'text/plain' in data and not any(mimetype.startswith('image/') for mimetype in data):
        return 'stdout', data['text/plain'] + '\n'
    return None


def _failure(error: CellExecutionError, node, cell: Cell | None, lent: bool) -> Failure:
    traceback = [out.traceback for out in node.outputs if out.output_type == 'error'][-1:]
    lines = ANSI.sub('', '\n'.join(traceback[0] if traceback else [])).splitlines()
    text = '\n'.join(line for line in lines if line.strip())
    if cell is None:
        # Of a missing framework d2lite's own words say all.
        own = error.ename == 'BackendError'
        return Failure(None, None, error.ename, error.evalue, '' if own else text)
    found = re.search(rf'In ?\[{node.execution_count}\],.*?\bline:? (\d+)', text)
    line = cell.first_line + int(found[1]) - 1 if found else cell.first_line
    message = ANSI.sub('', error.evalue)
    hint = (
        hint_for(error.ename, message)
        or missing_package_hint(error.ename, message)
        or hint_of_old_name(error.ename, message, cell.source, lent)
    )
    return Failure(cell, line, error.ename, message, text, hint)


def _ending(code: int | None) -> str:
    if code is None or code >= 0:
        return f'died (exit status {code})'
    name = signal.Signals(-code).name
    hint = '; often this means that memory ran out' if name == 'SIGKILL' else ''
    return f'was killed by {name}{hint}'
