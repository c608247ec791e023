"""The end of a run of many pages: passed of total by folder and tab, and the failures by cause."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from d2lite.pages.running.report import Entry


def print_matrix(out: Console, entries: Iterable[Entry]) -> None:
    """Prints a row for each folder and a column for each tab: `3/4` is 3 pages passed of 4."""
    entries = [entry for entry in entries if entry.tab]
    tabs = list(dict.fromkeys(entry.tab for entry in entries))
    rows = {}
    for entry in entries:
        rows.setdefault(str(PurePosixPath(entry.place).parent), []).append(entry)
    grid = Table('folder', *map(escape, tabs), 'all', title='Pages that passed, of all that ran')
    for folder, of_folder in sorted(rows.items()):
        grid.add_row(escape(folder), *_counts(of_folder, tabs))
    if len(rows) > 1:
        grid.add_section()
        grid.add_row('all', *_counts(entries, tabs))
    out.print(grid)


def _counts(entries: list[Entry], tabs: list[str]) -> list[str]:
    columns = [[each for each in entries if each.tab == tab] for tab in tabs]
    return [
        f'{sum(each.passed for each in column)}/{len(column)}' if column else '–'
        for column in [*columns, entries]
    ]


def print_causes(out: Console, entries: Iterable[Entry]) -> None:
    """Prints the failures by cause, the most frequent first, with file, line, cell and tabs."""
    causes = {}
    for entry in entries:
        if not entry.passed:
            causes.setdefault(entry.cause, []).append(entry)
    for cause, failed in sorted(causes.items(), key=lambda each: (-len(each[1]), each[0])):
        out.print(f'\n{len(failed)} × {cause}', style='red', markup=False, soft_wrap=True)
        places = {}
        for entry in failed:
            line = f':{entry.line}' if entry.line else ''
            cell = f' (cell {entry.cell})' if entry.cell else ''
            places.setdefault(f'{entry.page}{line}{cell}', []).append(entry.tab)
        for place, tabs in places.items():
            on = f' on {", ".join(tabs)}' if any(tabs) else ''
            out.print(f'    {place}{on}', markup=False, soft_wrap=True)
        for hint in dict.fromkeys(entry.hint for entry in failed if entry.hint):
            out.print(f'    {hint}', markup=False, soft_wrap=True)
