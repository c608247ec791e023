"""Reads pages, runs their tabs, writes files and prints tables, for `d2lite run`."""

import warnings
from pathlib import Path

import typer

from d2lite.pages.export.writer import Writer
from d2lite.pages.rewriting.overrides import parse_setting
from d2lite.pages.running.collect import Collected, collect
from d2lite.pages.running.kernel import wait_for
from d2lite.pages.running.matrix import print_causes, print_matrix
from d2lite.pages.running.progress import Reporter
from d2lite.pages.running.report import Entry, Report
from d2lite.pages.running.result import TabResult
from d2lite.pages.running.table import print_lent, print_table
from d2lite.pages.running.tabs import run_tabs


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
    report: Path | None = None,
    resume: bool = False,
    isolated: bool = False,
    compat: bool = False,
) -> int:
    """Runs each page on `tab`, or on all its tabs; the exit code, 1 if one of them failed.

    `folder` is for the files of `formats`. With a folder among `paths`, or a file for the report,
    notebooks with the outputs are kept in any case, and the end is a matrix.

    Raises PageError, BackendError, ValueError or OSError, before anything runs, for a request that
    cannot be met; SystemExit if it was interrupted, after the finished results are written.
    """
    many = report is not None or any(path.is_dir() for path in paths)
    formats = formats or (['notebook'] if many else [])
    collected = collect(paths, tab, dict(map(parse_setting, settings)), folder)
    _tell_left_out(collected, tab)
    kept = Report(report, resume)
    for result in collected.results:
        result.compat = compat
    results = _not_done(collected.results, kept, 'html' in formats)
    writer = Writer(folder, formats, results)
    reporter = Reporter(results, jobs, quiet=bool(formats))
    for error in collected.unreadable:
        typer.echo(f'd2lite: {error}', err=True)
        kept.add(Entry.unreadable(error))

    def on_done(result: TabResult) -> None:
        writer.tab_done(result)
        kept.add(Entry.of(result, writer.notebook_of(result)))

    stopped = None
    with reporter, warnings.catch_warnings(record=True, action='always') as warned:
        try:
            work = run_tabs(
                results, timeout, show, reporter, jobs, on_done, folder if isolated else None
            )
            wait_for(work)
        except (KeyboardInterrupt, SystemExit) as error:
            stopped = error
            reporter.interrupted()
            writer.interrupted()
    if index and 'html' in formats:
        writer.write_index(collected.results)
    for message in dict.fromkeys(str(warning.message) for warning in warned):
        typer.echo(f'd2lite: {message}', err=True)
    if many:
        entries = _entries_of(collected, kept)
        print_matrix(reporter.console, entries)
        print_causes(reporter.console, entries)
        _tell_where(writer, report)
    else:
        entries = []
        print_table(reporter.console, results, show)
        for path in writer.written:
            typer.echo(f'Wrote {path}')
    print_lent(reporter.console, results)
    if isinstance(stopped, KeyboardInterrupt):
        hint = ' To go on: the same command with --resume.' if report else ''
        typer.echo(f'Interrupted; the kernel is shut down.{hint}', err=True)
        raise SystemExit(130)
    if stopped:
        raise stopped
    failed = any(result.error for result in results)
    return int(failed or not all(entry.passed for entry in entries))


def _not_done(results: list[TabResult], report: Report, whole_pages: bool) -> list[TabResult]:
    """The runs that the report does not have; a web page needs all tabs of its page again."""
    missing = [result for result in results if not report.has(result)]
    if not whole_pages:
        return missing
    pages = {result.page.path for result in missing}
    return [result for result in results if result.page.path in pages]


def _entries_of(collected: Collected, report: Report) -> list[Entry]:
    """The entries of what was asked for now, whether it ran now or before."""
    wanted = [(str(result.page.path), result.tab) for result in collected.results]
    wanted += [(str(error.path), '') for error in collected.unreadable]
    return [report.entries[key] for key in wanted if key in report.entries]


def _tell_left_out(collected: Collected, tab: str | None) -> None:
    if number := len(collected.left_out):
        why = 'no tab that works here' if tab == 'all' else 'no such tab'
        typer.echo(f'd2lite: {number} of the pages left out: {why}.', err=True)


def _tell_where(writer: Writer, report: Path | None) -> None:
    if writer.written:
        number = len(writer.written)
        typer.echo(f'Wrote {number} file{"s" if number > 1 else ""} into {writer.folder}')
    if report:
        typer.echo(f'Wrote {report}')
