"""Reads pages, runs their tabs, writes files and prints tables, for `d2lite run`."""

import warnings
from pathlib import Path

import typer

from d2lite.pages.export.writer import Writer
from d2lite.pages.reading.page import read_page
from d2lite.pages.rewriting.overrides import override, parse_setting
from d2lite.pages.running.kernel import wait_for
from d2lite.pages.running.progress import Reporter
from d2lite.pages.running.result import TabResult
from d2lite.pages.running.table import print_table
from d2lite.pages.running.tabs import run_tabs, tabs_to_run


def run_command(
    paths: list[Path],
    tab: str | None,
    *,
    formats: list[str],
    folder: Path,
    index: bool,
    settings: list[str],
    jobs: int,
    timeout: float,
    show: list[str],
) -> int:
    """Runs each page on `tab`, or on all its tabs; the exit code, 1 if one of them failed.

    Raises PageError, BackendError, ValueError or OSError, before anything runs, for a request that
    cannot be met; SystemExit if it was interrupted, after the finished results are written.
    """
    results = prepare(paths, tab, dict(map(parse_setting, settings)))
    writer = Writer(folder, formats, results)
    reporter = Reporter(results, jobs, quiet=bool(formats))
    stopped = None
    with reporter, warnings.catch_warnings(record=True, action='always') as warned:
        try:
            wait_for(run_tabs(results, timeout, show, reporter, jobs, writer.tab_done))
        except (KeyboardInterrupt, SystemExit) as error:
            stopped = error
            reporter.interrupted()
            writer.interrupted()
    if index and 'html' in formats:
        writer.write_index()
    for message in dict.fromkeys(str(warning.message) for warning in warned):
        typer.echo(f'd2lite: {message}', err=True)
    for path, of_page in writer.pages.items():
        if len(writer.pages) > 1:
            reporter.console.print(f'\n{path}', style='bold', markup=False)
        print_table(reporter.console, of_page, show)
    for path in writer.written:
        typer.echo(f'Wrote {path}')
    if isinstance(stopped, KeyboardInterrupt):
        typer.echo('Interrupted; the kernel is shut down.', err=True)
        raise SystemExit(130)
    if stopped:
        raise stopped
    return int(any(result.error for result in results))


def prepare(paths: list[Path], tab: str | None, settings: dict[str, str]) -> list[TabResult]:
    """The runs to make: each tab of each page, with its values set."""
    results = []
    for path in dict.fromkeys(paths):
        page = read_page(path)
        tabs = tabs_to_run(page, tab)
        if settings:
            page, changes = override(page, settings, tabs)
        for name in tabs:
            result = TabResult.of(page, name)
            if settings:
                positions = {cell.position for cell in page.for_tab(name)}
                result.overridden = [each for each in changes if each.cell in positions]
            results.append(result)
    return results
