"""The results as tables, one function a section."""

import statistics

from rich.table import Table
from rich.text import Text

from benchmarks import plotting as plotted
from benchmarks.measure import epoch_seconds, ratio
from benchmarks.workloads import WORKLOADS

__all__ = ['first', 'memory', 'plotting', 'scaling', 'steady']

# d2lite / best is to be no more than this, and d2lite / tutorial no more than AGAINST_TUTORIAL.
AGAINST_BEST = {'W1': 1.25, 'W2': 1.10, 'W3': 1.10, 'W4': 1.10}
AGAINST_TUTORIAL = {'W1': 0.6, 'W2': 0.6, 'W3': 1.05, 'W4': 1.05}

GROWING = 'd2lite', 'best', 'rows alone'


def _table(title, caption, *columns):
    table = Table(title=title, caption=caption, title_justify='left', caption_justify='left')
    for column in columns:
        text = column in ('', 'backend', 'contender')
        table.add_column(column, justify='left' if text else 'right')
    return table


def steady(rows, suffix, title):
    ours, best = 'd2lite' + suffix, 'best' + suffix
    others = ['tutorial', 'd2l']
    if not any('d2l' in row['result'] for row in rows):
        others.remove('d2l')
    for clock, words in {'cpu': 'CPU time', 'wall': 'wall time'}.items():
        table = _table(
            f'{title}: milliseconds of {words}, and its ratios',
            'Red: more than is aimed at, which is '
            + ', '.join(f'{name} {bound:.2f}' for name, bound in AGAINST_BEST.items())
            + ' against best; and '
            + ', '.join(f'{name} {bound:.2f}' for name, bound in AGAINST_TUTORIAL.items())
            + ' against tutorial.',
            '',
            'backend',
            *(f'{name}, ms' for name in ('d2lite', 'best', *others)),
            'd2lite / best',
            *(f'd2lite / {name}' for name in others),
            'tutorial / best',
        )
        previous = None
        for row in rows:
            name = row['workload']
            if previous not in (None, name):
                table.add_section()
            times = [epoch_seconds(row, each, clock) for each in (ours, best, *others)]
            table.add_row(
                '' if name == previous else f'{name} {WORKLOADS[name].title}',
                row['backend'],
                *(_number(t and 1000 * t) for t in times),
                _bounded(ratio(row, ours, best, clock), AGAINST_BEST[name]),
                *(_bounded(ratio(row, ours, o, clock), AGAINST_TUTORIAL[name]) for o in others),
                _number(ratio(row, 'tutorial', best, clock)),
            )
            previous = name
        yield table
    for row in rows:
        for contender, found in row['result'].items():
            if 'problem' in found:
                yield Text(f'{row["workload"]} {row["backend"]} {contender}: {found["problem"]}')


def first(rows):
    table = _table(
        'The first fit in a fresh process, compilation included: seconds of wall time',
        'Red: more than a second longer than tutorial.',
        '',
        'backend',
        'contender',
        'seconds',
        'more than tutorial',
    )
    tutorial = {
        (row['workload'], row['backend']): row['result'].get('wall')
        for row in rows
        if row['contender'] == 'tutorial'
    }
    for row in rows:
        seconds = row['result'].get('wall')
        other = tutorial.get((row['workload'], row['backend']))
        more = None if None in (seconds, other) else seconds - other
        workload = WORKLOADS[row['workload']]
        table.add_row(
            f'{workload.name}, {workload.epochs} epochs'.replace('1 epochs', '1 epoch'),
            row['backend'],
            row['contender'],
            _number(seconds),
            '' if row['contender'] == 'tutorial' else _bounded(more, 1),
        )
    yield table
    for row in rows:
        if 'problem' in row['result']:
            problem = row['result']['problem']
            yield Text(f'{row["workload"]} {row["backend"]} {row["contender"]}: {problem}')


def memory(rows):
    table = _table(
        'Peak memory of training, the data included',
        'Red: more than 2.5 times the data.',
        'backend',
        'contender',
        'data, MB',
        'peak, MB',
        'peak / data',
    )
    for row in rows:
        data, peak = (row['result'][key] / 1e6 for key in ('data', 'peak'))
        numbers = f'{data:.0f}', f'{peak:.0f}', _bounded(peak / data, 2.5)
        table.add_row(row['backend'], row['contender'], *numbers)
    yield table


def scaling(rows):
    table = _table(
        'How cost grows: microseconds of CPU time for one example of W2',
        '1,000,000 x 1,000 is left out: 4 GB, which a loop holds twice for a while.',
        'backend',
        'features',
        'examples',
        *GROWING,
        'd2lite / best',
    )
    for row in sorted(rows, key=lambda row: (row['backend'], row['size'][::-1])):
        num_examples, num_inputs = row['size']
        times = [epoch_seconds(row, name, 'cpu') for name in GROWING]
        table.add_row(
            row['backend'],
            f'{num_inputs:,}',
            f'{num_examples:,}',
            *(_number(t and t / num_examples * 1e6) for t in times),
            _bounded(ratio(row, 'd2lite', 'best', 'cpu'), AGAINST_BEST['W2']),
        )
    yield table
    yield _growth({(row['backend'], *row['size']): row for row in rows})


def _growth(rows):
    """`rows`: by backend, examples and features."""
    table = _table(
        'From 100,000 to 1,000,000 examples: nanoseconds that an example takes longer',
        'Red: more than 15 %, what the rows alone take longer not counted.',
        'backend',
        'features',
        *GROWING,
        'd2lite, %',
        'without the rows, %',
    )
    for backend, num_examples, num_inputs in sorted(rows):
        large = rows.get((backend, 1_000_000, num_inputs))
        if num_examples != 100_000 or large is None:
            continue
        small = rows[backend, num_examples, num_inputs]
        found = []
        for name in GROWING:
            before, after = (epoch_seconds(row, name, 'cpu') for row in (small, large))
            found.append(None if None in (before, after) else after * 1e3 - before * 1e4)
        share = rest = None
        if None not in (found[0], found[-1]):
            before = epoch_seconds(small, 'd2lite', 'cpu') * 1e4
            share, rest = (100 * more / before for more in (found[0], found[0] - found[-1]))
        numbers = (*map(_number, found), _number(share), _bounded(rest, 15))
        table.add_row(backend, f'{num_inputs:,}', *numbers)
    return table


def plotting(rows):
    table = _table(
        "What a notebook's board adds to W1: wall time",
        'Red: more than a second on the short fit, more than 30 % on the long one.',
        'backend',
        'short, s',
        'added, s',
        'long, s',
        'added, %',
    )
    for row in rows:
        short, long = (statistics.median(row[each]['off']) for each in ('short', 'long'))
        seconds, share = plotted.added(row, 'short')[0], plotted.added(row, 'long')[1]
        table.add_row(
            row['backend'],
            _number(short),
            _bounded(seconds, 1),
            _number(long),
            _bounded(100 * share, 30),
        )
    yield table


def _number(value):
    if value is None:
        return '-'
    return f'{value:.0f}' if abs(value) >= 100 else f'{value:.3g}'


def _bounded(value, bound):
    if value is None:
        return '-'
    text = f'{value:.2f}'
    return f'[red]{text}[/red]' if value > bound else text
