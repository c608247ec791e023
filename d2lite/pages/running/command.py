"""Reads pages, runs their tabs, writes files and prints tables, for `d2lite run`."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import typer

from d2lite.console import console
from d2lite.files import replace_file
from d2lite.pages.export.writer import Writer, in_the_way
from d2lite.pages.reading.book import Book
from d2lite.pages.rewriting.overrides import parse_setting
from d2lite.pages.running.collect import Collected, collect
from d2lite.pages.running.kernel import wait_for
from d2lite.pages.running.machine_readable import as_json, as_junit, is_junit
from d2lite.pages.running.matrix import print_causes, print_matrix
from d2lite.pages.running.progress import Reporter
from d2lite.pages.running.report import Entry, Report
from d2lite.pages.running.result import TabResult
from d2lite.pages.running.table import print_course, print_lent, print_table
from d2lite.pages.running.tabs import run_tabs


@dataclass(frozen=True)
class RunOptions:
    """The options of `d2lite run`; `d2lite run --help` says what they do."""

    formats: list[str] = field(default_factory=list)
    folder: Path = Path('build')
    index: bool = False
    force: bool = False
    settings: list[str] = field(default_factory=list)
    jobs: int = 1
    timeout: float = 600
    show: list[str] = field(default_factory=list)
    report: Path | None = None
    resume: bool = False
    isolated: bool = False
    compat: bool = False
    quiet: bool = False
    json: bool = False
    junit: Path | None = None
    prefer: str | None = None
    verbose: bool = False


def run_command(paths: list[Path], tab: str | None, options: RunOptions) -> int:
    """Runs each page on `tab`, or on all its tabs; the exit code, 1 if one of them failed.

    With a folder among `paths`, or a file for the report, notebooks with the outputs are kept in
    any case, and the end is a matrix.

    Raises PageError, BackendError, ValueError or OSError, before anything runs, for a request that
    cannot be met; SystemExit if it was interrupted, after the finished results are written.
    """
    many = options.report is not None or any(path.is_dir() for path in paths)
    formats = options.formats or (['notebook'] if many else [])
    settings = dict(map(parse_setting, options.settings))
    collected = collect(paths, tab, settings, options.folder, 'html' in formats)
    _tell_left_out(collected, tab)
    kept = Report(options.report, options.resume, options.force)
    if options.junit and options.junit.exists() and not (options.force or is_junit(options.junit)):
        raise ValueError(in_the_way(options.junit, '--junit takes another name'))
    for result in collected.results:
        result.compat = options.compat
        result.prefer(options.prefer)
    results = _not_done(collected.results, kept, 'html' in formats)
    book = Book(collected.pages if formats else {})
    writer = Writer(
        options.folder, formats, results, book=book, index=options.index, force=options.force
    )
    silent = options.quiet or options.json
    out = console(stderr=silent)
    reporter = Reporter(results, options.jobs, quiet=bool(formats) or silent, out=out)
    for problem in [*map(str, collected.unreadable), *book.problems()]:
        typer.echo(f'd2lite: {problem}', err=True)
    for error in collected.unreadable:
        kept.add(Entry.unreadable(error))

    def on_done(result: TabResult) -> None:
        writer.tab_done(result)
        kept.add(Entry.of(result, writer.notebook_of(result)))

    stopped = None
    isolated = options.folder if options.isolated else None
    with reporter, warnings.catch_warnings(record=True, action='always') as warned:
        try:
            work = run_tabs(
                results, options.timeout, options.show, reporter, options.jobs, on_done, isolated
            )
            wait_for(work)
        except (KeyboardInterrupt, SystemExit) as error:
            stopped = error
            reporter.interrupted()
            writer.interrupted()
    writer.finish()
    for message in dict.fromkeys(str(warning.message) for warning in warned):
        typer.echo(f'd2lite: {message}', err=True)
    entries = _entries_of(collected, kept)
    if options.junit:
        options.junit.parent.mkdir(parents=True, exist_ok=True)
        replace_file(options.junit, as_junit(entries))
    if options.json:
        typer.echo(as_json(entries, results, writer.paths))
    elif not options.quiet:
        _print_tables(out, many, entries, results, writer, options)
    if isinstance(stopped, KeyboardInterrupt):
        hint = ' To go on: the same command with --resume.' if options.report else ''
        typer.echo(f'Interrupted; the kernel is shut down.{hint}', err=True)
        raise SystemExit(130)
    if stopped:
        raise stopped
    return int(not all(entry.passed for entry in entries))


def _print_tables(out, many, entries, results, writer, options) -> None:
    if many:
        print_matrix(out, entries)
        print_causes(out, entries)
        if number := len(writer.paths):
            typer.echo(f'Wrote {number} file{"s" if number > 1 else ""} into {writer.folder}')
        if options.report:
            typer.echo(f'Wrote {options.report}')
    else:
        print_table(out, results, options.show)
        for path in writer.paths:
            typer.echo(f'Wrote {path}')
    if options.junit:
        typer.echo(f'Wrote {options.junit}')
    print_lent(out, results)
    if options.verbose:
        print_course(out, results)


def _not_done(results: list[TabResult], report: Report, whole_pages: bool) -> list[TabResult]:
    """The runs that the report does not have; a web page needs all tabs of its page again."""
    missing = [result for result in results if not report.has(result)]
    if not whole_pages:
        return missing
    pages = {result.page.path for result in missing}
    return [result for result in results if result.page.path in pages]


def _entries_of(collected: Collected, report: Report) -> list[Entry]:
    """The entries of what was asked for, whether it ran now, before, or not at all."""
    entries = []
    for result in collected.results:
        key = str(result.page.path), result.tab
        entries.append(report.entries.get(key) or Entry.of(result))
    wanted = [(str(error.path), '') for error in collected.unreadable]
    return entries + [report.entries[key] for key in wanted]


def _tell_left_out(collected: Collected, tab: str | None) -> None:
    if number := len(collected.left_out):
        why = 'no tab that works here' if tab == 'all' else 'no such tab'
        typer.echo(f'd2lite: {number} of the pages left out: {why}.', err=True)
