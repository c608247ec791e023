"""The table at the end of a run: one line for each tab, of all pages."""

import textwrap

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from d2lite.pages.running.result import LOSSES, TabResult

MAX_MESSAGE = 200
WIDE = 110  # columns of a terminal in which a line a tab has room


def print_table(out: Console, results: list[TabResult], show: list[str]) -> None:
    """Prints a line for each tab. Losses are a column if a trainer ran; so is each of `show`."""
    wide = out.width >= WIDE
    separator = ' ' if wide else '\n'
    epochs = [epoch for result in results for epoch in result.history]
    several = len({result.page and result.page.path for result in results}) > 1
    columns = {'page': lambda r: str(r.place)} if several else {}
    columns |= {
        'tab': lambda r: r.tab,
        'version': _version,
        'device': lambda r: r.device,
        'cells run': lambda r: f'{r.cells_run}/{r.cells_total}',
    }
    for key in ('val_loss', 'train_loss'):
        if any(key in epoch for epoch in epochs):
            columns[f'{LOSSES[key]}, by epoch'] = lambda r, key=key: separator.join(_losses(r, key))
            break
    for name in show:
        columns[name] = lambda r, name=name: _text(r.values.get('show', {}).get(name), separator)
    columns['seconds'] = lambda r: f'{r.seconds:.1f}'
    columns['result'] = _verdict if wide else lambda r: _verdict(r).partition(':')[0]

    grid = Table(box=box.HEAVY_HEAD) if wide else Table(box=None, padding=(0, 1, 0, 0))
    for title in columns:
        # In a narrow table versions and messages are folded, and numbers never.
        grid.add_column(
            escape(title if wide else title.replace(' ', '\n')),
            no_wrap=title not in ('page', 'version', 'device', 'result'),
            overflow='fold',
            justify='right' if title == 'seconds' else 'left',
        )
    for result in results:
        cells = [escape(column(result)) for column in columns.values()]
        grid.add_row(*cells, style='red' if result.error else None)
    out.print(grid)
    for result in results:
        if result.error and not wide:
            page = f'{result.place} · ' if several else ''
            out.print(f'{page}{result.tab} {_verdict(result)}', style='red', markup=False)
    changes = [
        (result.place if several else '', c) for result in results for c in result.overridden
    ]
    for page, change in dict.fromkeys(changes):
        old, of_page = ' '.join(change.old.split()), f' of {page}' if page else ''
        line = f'line {change.line}{of_page}'
        out.print(f'Set: {change.name} = {change.new} instead of {old} in {line}.', markup=False)


def print_lent(out: Console, results: list[TabResult]) -> None:
    """Prints the names lent by `--compat` that the pages have used, each with its tabs."""
    tabs = {}
    for result in results:
        for old in result.lent:
            tabs.setdefault(old, {})[result.tab] = True
    for old, of_tabs in tabs.items():
        out.print(f'Lent on {", ".join(of_tabs)}: {old}.', markup=False, soft_wrap=True)


def print_course(out: Console, results: list[TabResult]) -> None:
    """Prints what each page got from its course, and the methods that d2lite's classes kept."""
    for result in results:
        told = result.values.get('course', {})
        for key, words in (('lent', 'from the course'), ('kept', 'd2lite has its own')):
            for line in told.get(key, []):
                out.print(f'{result.place} · {result.tab}: {words}: {line}', markup=False)


def _version(result):
    name, version = (result.values.get(key, '') for key in ('framework', 'version'))
    return version if name == result.tab else f'{name} {version}'.strip()


def _losses(result, key):
    """The first and the last of many epochs, so that the table keeps its other columns."""
    losses = [_text(epoch.get(key)) for epoch in result.history]
    return losses if len(losses) <= 6 else [*losses[:3], '…', *losses[-2:]]


def _verdict(result):
    return textwrap.shorten(result.verdict, MAX_MESSAGE, placeholder='…')


def _text(value, separator=' '):
    if value is None:
        return '-'
    if isinstance(value, float):
        return f'{value:.4g}'
    if isinstance(value, list):
        return '[' + f',{separator}'.join(_text(each) for each in value) + ']'
    return str(value)
