"""The results as tables. What exceeds its bound stands in red, with a > before the bound."""

import statistics

from rich.table import Table
from rich.text import Text

from benchmarks.measure import median, ratio
from benchmarks.workloads import WORKLOADS
from d2lite.console import console

__all__ = ['show']

AGAINST_BEST = {'W1': 1.5, 'W2': 1.25, 'W3': 1.25, 'W4': 1.25}
TITLES = {
    'steady': 'A steady epoch: milliseconds of CPU time, and its ratios',
    'later': 'A later fit in the same process: milliseconds of CPU time, and its ratios',
    'first': 'The first fit in a fresh process: seconds, and how many more d2lite takes',
    'memory': 'Peak memory of training on 1,000,000 × 100 numbers, the data included',
    'board': "What a notebook's board adds to W1: seconds",
}


def show(results: dict) -> None:
    """Prints a table for each section of `results`, and who could not take part."""
    out, machine = console(), results['machine']
    out.print(
        f'{machine["cpu"]}, {machine["cores"]} cores, load {machine["load_before"]} before and '
        f'{machine["load_after"]} after, {machine["date"]}',
        markup=False,
    )
    for section, title in TITLES.items():
        for compile in (False, True):
            rows = [row for row in results.get(section, []) if row['compile'] == compile]
            if not rows:
                continue
            out.print()
            title += ', compile=True' * compile
            if section in ('steady', 'later'):
                out.print(ratios(rows, title, section))
            elif section == 'first':
                out.print(first_fits(rows, title))
            elif section == 'memory':
                out.print(memory(rows, title))
            else:
                out.print(board(rows, title))
            for row in rows:
                for name, found in row.get('times', {}).items():
                    if 'problem' in found:
                        where = f'{row["workload"]} {row["backend"]} {name}'
                        out.print(Text(f'{where}: {found["problem"]}'))


def ratios(rows: list[dict], title: str, section: str) -> Table:
    """Against the best loop and the tutorial's. With `compile=True` that is not compiled as well,
    and a fit has no bound against it.
    """
    table = new_table(title, 'd2lite', 'best', 'tutorial', 'd2lite / best', 'd2lite / tutorial')
    for row in by_workload(table, rows):
        times = row['times']
        if section == 'steady':
            bounds = AGAINST_BEST[row['workload']], 1
        else:
            bounds = (1, None) if row['compile'] else (None, 1)
        table.add_row(
            *heading(row),
            *(number(median(times, name), 1000) for name in ('d2lite', 'best', 'tutorial')),
            *(
                bounded(ratio(times, 'd2lite', name), bound)
                for name, bound in zip(('best', 'tutorial'), bounds, strict=True)
            ),
        )
    return table


def first_fits(rows: list[dict], title: str) -> Table:
    """The shortest of some, since everything else that runs can only make it longer."""
    table = new_table(title, 'd2lite', 'best', 'tutorial', 'than best', 'than tutorial')
    for row in by_workload(table, rows):
        shortest = {
            name: min(found['wall']) for name, found in row['times'].items() if 'wall' in found
        }
        ours, best, tutorial = (shortest.get(name) for name in ('d2lite', 'best', 'tutorial'))
        bounds = (1, None) if row['compile'] else (None, 1)
        more = [None if None in (ours, other) else ours - other for other in (best, tutorial)]
        table.add_row(
            *heading(row),
            *map(number, (ours, best, tutorial)),
            *(bounded(*pair) for pair in zip(more, bounds, strict=True)),
        )
    return table


def memory(rows: list[dict], title: str) -> Table:
    table = new_table(title, 'contender', 'data, MB', 'peak, MB', 'peak / data')
    for row in rows:
        data, peak = row['data'] / 1e6, row['peak'] / 1e6
        numbers = f'{data:.0f}', f'{peak:.0f}', bounded(peak / data, 2.5)
        table.add_row(*heading(row), row['contender'], *numbers)
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
