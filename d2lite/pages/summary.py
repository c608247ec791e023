"""The table at the end of a run: one line for each tab."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from d2lite.pages.kernel import TabResult

__all__ = ['console', 'table']

MAX_MESSAGE = 200


def console() -> Console:
    """Prints to stdout; wide enough for the table where that is a file or a pipe."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=160)


def table(results: list[TabResult], show: list[str]) -> Table:
    """What the tabs came to. Losses have a column if a trainer ran, and so has each name shown."""
    key = _loss_key(results)
    columns = {
        'tab': lambda r: r.tab,
        'framework': lambda r: ' '.join(
            str(r.values[part]) for part in ('framework', 'version') if part in r.values
        ),
        'device': lambda r: r.values.get('device') or ', '.join(r.values.get('devices', [])),
        'cells run': lambda r: f'{r.cells_run}/{r.cells_total}',
    }
    if key:
        name = {'val_loss': 'validation loss', 'train_loss': 'training loss'}[key]
        columns[f'{name}, by epoch'] = lambda r: ' '.join(
            _text(row.get(key)) for row in r.values.get('history', [])
        )
    for name in show:
        columns[name] = lambda r, name=name: _text(r.values.get('show', {}).get(name))
    columns['seconds'] = lambda r: f'{r.seconds:.1f}'
    columns['result'] = _verdict

    grid = Table()
    for name in columns:
        narrow = name in ('tab', 'cells run', 'seconds')
        grid.add_column(
            escape(name),
            no_wrap=narrow,
            overflow='fold',
            justify='right' if name == 'seconds' else 'left',
        )
    for result in results:
        style = 'red' if result.error else None
        grid.add_row(*(escape(column(result)) for column in columns.values()), style=style)
    return grid


def _loss_key(results):
    """`'val_loss'` if some epoch has one, else `'train_loss'`; None where no trainer has run."""
    rows = [row for result in results for row in result.values.get('history', [])]
    return next((k for k in ('val_loss', 'train_loss') if any(k in row for row in rows)), None)


def _verdict(result):
    if not result.error:
        return 'passed'
    message = ' '.join(f'failed: {result.error}'.split())
    return message if len(message) <= MAX_MESSAGE else message[: MAX_MESSAGE - 1] + '…'


def _text(value):
    if value is None:
        return '-'
    if isinstance(value, float):
        return f'{value:.4g}'
    if isinstance(value, list):
        return '[' + ', '.join(_text(each) for each in value) + ']'
    return str(value)
