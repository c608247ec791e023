"""Prints the output of the cells, the failures and the progress of a run.

With one kernel at a time, output is printed as it comes. With several, the output of a tab is
printed when the tab is done. The progress is drawn on a terminal only.
"""

import sys

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from d2lite.console import console
from d2lite.pages.running.kernel import TabResult

__all__ = ['Reporter']

MAX_TRACEBACK = 24  # lines


class Reporter:
    """A context that reports runs. If `quiet`, it prints failures and no other output of cells."""

    def __init__(self, results: list[TabResult], jobs: int = 1, quiet: bool = False):
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, 'reconfigure'):  # a character it lacks must not end the run
                stream.reconfigure(errors='replace')
        self.console = console()
        self.quiet = quiet
        self.at_once = jobs == 1 and not quiet
        self.several_pages = len({id(result.page) for result in results}) > 1
        self.results = results
        self.held = {id(result): [] for result in results}  # what is not printed yet
        self.line = {'stdout': '', 'stderr': ''}  # on a terminal: begun, and not ended
        self.progress = None
        if self.console.is_terminal:
            self.progress = _progress(self.console)
            self.tasks = {
                id(result): self.progress.add_task(
                    escape(self.name(result)), total=result.cells_total, start=False, visible=False
                )
                for result in results
            }
            self.whole = self.progress.add_task(
                'all tabs', total=len(results), visible=len(results) > 1
            )

    def __enter__(self):
        if self.progress:
            self.progress.start()
        return self

    def __exit__(self, *_):
        if self.progress:
            self._end_lines()
            self.progress.stop()

    def name(self, result: TabResult) -> str:
        return f'{result.page.path.name} · {result.tab}' if self.several_pages else result.tab

    def begin(self, result: TabResult) -> None:
        if self.progress:
            self.progress.start_task(self.tasks[id(result)])
            self.progress.update(self.tasks[id(result)], visible=True)
        if self.at_once:
            self._heading(result)

    def output(self, result: TabResult, name: str, text: str) -> None:
        if self.at_once:
            self._write(name, text)
        elif not self.quiet:
            self.held[id(result)].append((name, text))

    def cell(self, result: TabResult) -> None:
        if self.progress:
            self.progress.update(self.tasks[id(result)], advance=1, refresh=True)

    def end(self, result: TabResult) -> None:
        notes = result.values.get('notes', [])
        if not self.at_once and not (self.quiet and not notes and not result.error):
            self._print_held(result)
        for note in notes:
            self._write('stderr', f'd2lite: {note}\n')
        if result.error:
            self._write('stderr', _shortened(result.error.traceback))
            # The format of compilers, which editors and terminals turn into a link.
            line = f':{result.error.line}' if result.error.line else ''
            place = f'{result.page.path}{line}'
            self._write('stderr', f'd2lite: {place}: {result.tab} failed: {result.error}\n')
        if self.progress:
            self._end_lines()
            self.progress.update(self.tasks[id(result)], visible=False)
            self.progress.advance(self.whole)
        if not self.quiet or notes or result.error:
            self.console.print()

    def interrupted(self) -> None:
        """Prints the output of the tabs that were interrupted."""
        for result in self.results:
            if self.held.get(id(result)):
                self._print_held(result)
                self._end_lines()

    def _print_held(self, result):
        self._heading(result)
        for name, text in self.held.pop(id(result)):
            self._write(name, text)

    def _heading(self, result):
        self.console.print(f'[bold]── {escape(self.name(result))} ──[/bold]')
        if left_out := result.page.left_out(result.tab):
            self.console.print(
                f'Left out on this tab: {_list(left_out)}. They name no tab, '
                f'so they are for {result.page.default_tab}.'
            )

    def _write(self, name, text):
        if self.progress and (name == 'stdout' or sys.stderr.isatty()):
            *lines, self.line[name] = (self.line[name] + text).split('\n')
            for line in lines:
                self._print_line(line)
        else:
            stream = sys.stderr if name == 'stderr' else sys.stdout
            stream.write(text)
            stream.flush()

    def _print_line(self, line):
        # Above the bars, and of a line that was written over, as a progress bar is, the last state.
        line = line.rstrip('\r').rpartition('\r')[2]
        self.console.print(Text.from_ansi(line), soft_wrap=True)

    def _end_lines(self):
        for name, line in self.line.items():
            if line:
                self._print_line(line)
            self.line[name] = ''


def _progress(out) -> Progress:
    columns = [TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn()]
    return Progress(*columns, TimeElapsedColumn(), console=out, transient=True)


def _list(cells) -> str:
    numbers = ', '.join(f'{cell.position} (line {cell.line})' for cell in cells)
    return f'cell {numbers}' if len(cells) == 1 else f'cells {numbers}'


def _shortened(traceback: str) -> str:
    """The traceback; the middle of a long one is left out."""
    lines = traceback.splitlines()
    if len(lines) > MAX_TRACEBACK:
        left = len(lines) - MAX_TRACEBACK
        lines[8 : 8 + left] = [f'  ... {left} lines left out ...']
    return ''.join(f'{line}\n' for line in lines)
