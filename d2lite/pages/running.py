"""Runs a page on one or several tabs, and prints how it goes: what `d2lite run` does."""

import os
import sys

from d2lite import selection
from d2lite.pages.kernel import TabResult, run_tab
from d2lite.pages.source import Page
from d2lite.pages.summary import print_table
from d2lite.terminal import console

__all__ = ['run_tabs', 'tabs_to_run']

MAX_TRACEBACK = 24  # lines


def tabs_to_run(page: Page, tab: str | None) -> list[str]:
    """The tabs that `tab` stands for: a name, `'all'`, or None for the selected backend.

    Raises PageError if the page has no such tab, BackendError if its backend is missing. Of all
    tabs, one whose backend is missing is told and left out, as a platform may not have it; with
    D2LITE_REQUIRE_ALL=1 it stays, and fails.
    """
    if tab == 'all':
        return _installed(page.tabs or selection.known())
    name = selection.backend() if tab is None else tab
    page.for_tab(name)
    name = selection.canonical_name(name)
    selection.require(name)
    return [name]


def _installed(tabs) -> list[str]:
    if os.environ.get('D2LITE_REQUIRE_ALL') == '1':
        return list(tabs)
    installed = [tab for tab in tabs if not selection.missing_modules(tab)]
    if not installed:
        selection.require(next(iter(tabs)))
    for tab in tabs:
        if tab not in installed:
            missing = ', '.join(selection.missing_modules(tab))
            line = selection.install_line(tab)
            _write(
                'stderr', f'd2lite: {tab} is left out: it needs {missing}. Install with: {line}\n'
            )
    return installed


def run_tabs(page: Page, tabs: list[str], timeout: float, show: list[str]) -> list[TabResult]:
    """Runs `page` on `tabs`, one after the other; prints what the cells print, and a table."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, 'reconfigure'):  # a character it lacks must not end the run
            stream.reconfigure(errors='replace')
    out = console()
    results = []
    for tab in tabs:
        out.print(f'[bold]── {tab} ──[/bold]')
        if left_out := page.left_out(tab):
            out.print(
                f'Left out on this tab: {_list(left_out)}. They name no tab, '
                f'so they are for {page.default_tab}.'
            )
        result = run_tab(page, tab, timeout=timeout, on_output=_write, show=show)
        results.append(result)
        for note in result.values.get('notes', []):
            _write('stderr', f'd2lite: {note}\n')
        if result.error:
            _write('stderr', _shortened(result.error.traceback))
            _write('stderr', f'd2lite: {tab} failed: {result.error}\n')
        out.print()
    print_table(out, results, show)
    return results


def _write(name: str, text: str) -> None:
    stream = sys.stderr if name == 'stderr' else sys.stdout
    stream.write(text)
    stream.flush()


def _list(cells) -> str:
    numbers = ', '.join(f'{cell.position} (line {cell.line})' for cell in cells)
    return f'cell {numbers}' if len(cells) == 1 else f'cells {numbers}'


def _shortened(traceback: str) -> str:
    """The traceback without its middle if it is long: where it began, and where it ended."""
    lines = traceback.splitlines()
    if len(lines) > MAX_TRACEBACK:
        left = len(lines) - MAX_TRACEBACK
        lines[8 : 8 + left] = [f'  ... {left} lines left out ...']
    return ''.join(f'{line}\n' for line in lines)
