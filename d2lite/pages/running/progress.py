"""Prints the output of the cells, the failures and the progress of a run.

With one kernel at a time, output is printed as it comes. With several, the output of a tab is
printed when the tab is done. The progress is drawn on a terminal only.
"""

import sys
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from d2lite.console import console
from d2lite.pages.reading.page import Cell
from d2lite.pages.running.result import TabResult

MAX_TRACEBACK = 24  # lines


class Reporter:
    """A context that reports runs. If `quiet`, it prints failures and no other output of cells.

    `out` is the console for the progress and what is printed between the outputs of cells.
    """

    def __init__(
        self,
        results: list[TabResult],
        jobs: int = 1,
        quiet: bool = False,
        out: Console | None = None,
    ) -> None:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, 'reconfigure'):  # a character it lacks must not end the run
                stream.reconfigure(errors='replace')
        self.console = out or console()
        self.quiet = quiet
        self.at_once = jobs == 1 and not quiet
        self.several_pages = len({result.page.path for result in results}) > 1
        self.held = {result: [] for result in results}  # what is not printed yet
        self.line = {'stdout': '', 'stderr': ''}  # on a terminal: begun, and not ended
        columns = [TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn()]
        self.progress = Progress(
            *columns, TimeElapsedColumn(), console=self.console, transient=True
        )
        self.tasks = {
            result: self.progress.add_task(
                escape(self.name(result)), total=result.cells_total, start=False, visible=False
            )
            for result in results
        }
        many = len(results) > 1
        self.whole = self.progress.add_task('all tabs', total=len(results), visible=many)

    def __enter__(self) -> 'Reporter':
        if self.console.is_terminal:
            self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end_lines()
        if self.console.is_terminal:
            self.progress.stop()

    def name(self, result: TabResult) -> str:
        """The tab, with its page if there are several."""
        return f'{result.place} · {result.tab}' if self.several_pages else result.tab

    def begin(self, result: TabResult) -> None:
        """Reports that a tab begins."""
        self.progress.start_task(self.tasks[result])
        self.progress.update(self.tasks[result], visible=True)
        if self.at_once:
            self._heading(result)

    def output(self, result: TabResult, name: str, text: str) -> None:
        """Reports what a cell has written to `'stdout'` or `'stderr'`."""
        if self.at_once:
            self._write(name, text)
        elif not self.quiet:
            self.held[result].append((name, text))

    def cell(self, result: TabResult) -> None:
        """Reports that a cell has passed."""
        self.progress.update(self.tasks[result], advance=1, refresh=True)

    def end(self, result: TabResult) -> None:
        """Reports that a tab has passed or failed."""
        notes = result.values.get('notes', [])
        silent = self.quiet and not notes and not result.error
        if not self.at_once and not silent:
            self._print_held(result)
        for note in notes:
            self._write('stderr', f'd2lite: {note}\n')
        if result.error:
            self._write('stderr', _shortened(result.error.traceback))
            # The format of compilers, which editors and terminals turn into a link.
            line = f':{result.error.line}' if result.error.line else ''
            place = f'{result.page.path}{line}'
            self._write('stderr', f'd2lite: {place}: {result.tab} failed: {result.error}\n')
            if result.error.hint:
                self._write('stderr', f'd2lite: {result.error.hint}\n')
        self._end_lines()
        self.progress.update(self.tasks[result], visible=False)
        self.progress.advance(self.whole)
        if not silent:
            self.console.print()

    def interrupted(self) -> None:
        """Prints the output of the tabs that were interrupted."""
        for result, held in self.held.items():
            if held:
                self._print_held(result)
                self._end_lines()

    def _print_held(self, result):
        self._heading(result)
        for name, text in self.held[result]:
            self._write(name, text)
        self.held[result] = []

    def _heading(self, result):
        self.console.print(f'[bold]── {escape(self.name(result))} ──[/bold]')
        if left_out := result.page.left_out(result.tab):
            self.console.print(
                f'Left out on this tab: {_list(left_out)}. They name no tab, '
                f'so they are for {result.page.default_tab}.'
            )

    def _write(self, name, text):
        stream = sys.stderr if name == 'stderr' else sys.stdout
        if self.console.is_terminal and stream.isatty():
            *lines, self.line[name] = (self.line[name] + text).split('\n')
            self._print_lines(lines)
        else:
            stream.write(text)
            stream.flush()

    def _print_lines(self, lines):
        # Above the bars, and of a line that was written over, as a progress bar is, the last state.
        for line in lines:
            self.console.print(
                Text.from_ansi(line.rstrip('\r').rpartition('\r')[2]), soft_wrap=True
            )

    def _end_lines(self):
        self._print_lines(filter(None, self.line.values()))
        self.line = {'stdout': '', 'stderr': ''}


def _list(cells: Iterable[Cell]) -> str:
    numbers = [f'{cell.position} (line {cell.line})' for cell in cells]
    return f'cell{"s" if len(numbers) > 1 else ""} {", ".join(numbers)}'


def _shortened(traceback: str) -> str:
    """The traceback; the middle of a long one is left out."""
    lines = traceback.splitlines()
    if len(lines) > MAX_TRACEBACK:
        left = len(lines) - MAX_TRACEBACK
        lines[8 : 8 + left] = [f'  ... {left} lines left out ...']
    return ''.join(f'{line}\n' for line in lines)
