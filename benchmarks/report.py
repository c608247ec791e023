"""The results as tables. What exceeds its bound stands in red, with a > before the bound."""

import statistics
from collections.abc import Iterator

from rich.table import Table

from benchmarks.measure import NAMES, median, ratio
from benchmarks.workloads import LARGE, WORKLOADS
from d2lite.console import console

__all__ = ['show']

# Of a steady epoch, against the best loop.
BOUNDS = {
    'cpu': dict.fromkeys(WORKLOADS, 1.25) | {'W1': 1.5},
    'gpu': dict.fromkeys(WORKLOADS, 1.15) | {'W1': None},
}
CLOCKS = {'cpu': 'cpu', 'gpu': 'wall'}  # which time counts


def show(results: dict) -> None:
    """Prints a table for each section of `results`, and who could not take part."""
    out, machine = console(), results['machine']
    for gpu in machine['gpus']:
        out.print(gpu, markup=False)
    out.print(
        f'{machine["cpu"]}, {machine["cores"]} cores, load {machine["load_before"]} before and '
        f'{machine["load_after"]} after, {machine["date"]}',
        markup=False,
    )
    for section, (table, title) in TABLES.items():
        for compile in (False, True):
            found = [row for row in results.get(section, []) if row['compile'] == compile]
            if found:
                rows = sorted(found, key=lambda row: row['workload'])
                out.print()
                kind = 'wall' if rows[0]['device'] == 'gpu' else 'CPU'
                out.print(table(rows, title.format(kind=kind) + ', compile=True' * compile))
                for problem in problems(rows):
                    out.print(problem, markup=False)


def problems(rows: list[dict]) -> Iterator[str]:
    """Says who could not take part."""
    for row in rows:
        for name, found in row.get('times', {}).items():
            if 'problem' in found:
                yield f'{row["workload"]} {row["backend"]} {name}: {found["problem"]}'


def steady(rows: list[dict], title: str) -> Table:
    """The time of an epoch, and its ratios."""
    return ratios(rows, title, lambda row: (BOUNDS[row['device']][row['workload']], 1))


def later(rows: list[dict], title: str) -> Table:
    """The time of a fit, and its ratios."""
    return ratios(rows, title, fit_bounds)


def fit_bounds(row):
    """Of a fit against the best loop and the tutorial's, which is never compiled as a whole."""
    return (1, None) if row['compile'] else (None, 1)


def ratios(rows, title, bounds):
    table = new_table(title, *NAMES, 'd2lite / best', 'd2lite / tutorial')
    for row in by_workload(table, rows):
        times, clock = row['times'], CLOCKS[row['device']]
        found = [ratio(times, 'd2lite', name, clock) for name in ('best', 'tutorial')]
        table.add_row(
            *heading(row),
            *(number(median(times, name, clock), 1000) for name in NAMES),
            *map(bounded, found, bounds(row)),
        )
    return table


def first(rows: list[dict], title: str) -> Table:
    """The shortest of some, since everything else that runs can only make it longer."""
    table = new_table(title, *NAMES, 'd2lite - best', 'd2lite - tutorial')
    for row in by_workload(table, rows):
        wall = [row['times'][name].get('wall') for name in NAMES]
        ours, *others = [seconds and min(seconds) for seconds in wall]
        more = [None if None in (ours, other) else ours - other for other in others]
        shown = map(number, (ours, *others))
        table.add_row(*heading(row), *shown, *map(bounded, more, fit_bounds(row)))
    return table


def memory(rows: list[dict], title: str) -> Table:
    table = new_table(title, 'contender', 'data, MB', 'peak, MB', 'peak / data')
    for row in rows:
        data, peak = row['data'] / 1e6, row['peak'] / 1e6
        numbers = f'{data:.0f}', f'{peak:.0f}', bounded(peak / data, 2.5)
        table.add_row(LARGE.title, row['backend'], row['contender'], *numbers)
    return table


def board(rows: list[dict], title: str) -> Table:
    table = new_table(title, 'epochs', 'without', 'added', 'added, %')
    for row in rows:
        off, on = row['times']['off']['wall'], row['times']['on']['wall']
        added = statistics.median(b - a for a, b in zip(off, on, strict=True))
        share = 100 * (ratio(row['times'], 'on', 'off', 'wall') - 1)
        short = row['epochs'] == WORKLOADS['W1'].epochs
        table.add_row(
            *heading(row),
            str(row['epochs']),
            number(statistics.median(off)),
            bounded(added, 1 if short else None),
            bounded(share, None if short else 30),
        )
    return table


def new_table(title, *columns):
    table = Table(title=title, title_justify='left')
    table.add_column('')
    table.add_column('backend')
    for column in columns:
        table.add_column(column, justify='right')
    return table


def by_workload(table, rows):
    """The rows, with a line in the table between two workloads."""
    for before, row in zip([None, *rows], rows, strict=False):
        if before and before['workload'] != row['workload']:
            table.add_section()
        yield row


def heading(row):
    return f'{row["workload"]} {WORKLOADS[row["workload"]].title}', row['backend']


def number(value, factor=1):
    if value is None:
        return '-'
    value *= factor
    return f'{value:,.0f}' if abs(value) >= 100 else f'{value:.3g}'


def bounded(value, bound):
    if value is None or bound is None:
        return '-' if value is None else f'{value:.2f}'
    if value > bound:
        return f'[red]{value:.2f} > {bound:g}[/red]'
    return f'{value:.2f} ≤ {bound:g}'


TABLES = {
    'steady': (steady, 'A steady epoch: milliseconds of {kind} time, and ratios'),
    'later': (
        later,
        'A later fit in the same process: milliseconds of {kind} time, and ratios',
    ),
    'first': (first, 'The first fit in a fresh process: seconds, and how many more'),
    'memory': (memory, 'Peak memory of training, the data included'),
    'board': (board, "What a notebook's board adds to W1: seconds"),
}
