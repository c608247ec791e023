"""The notebook that a plot is shown in, and the end of its cell."""

import sys
from typing import Any

__all__ = ['dismiss', 'in_notebook', 'show_after_cell']


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook, which shows what is displayed."""
    return hasattr(_shell(), 'kernel')


_waiting = {}  # plots whose newest points wait for the end of the cell


def show_after_cell(live_plot: Any) -> None:
    """Calls `live_plot.show()` when the cell that runs has come to its end."""
    if not _waiting:
        _shell().events.register('post_run_cell', _show_waiting)
    _waiting[id(live_plot)] = live_plot


def dismiss(live_plot: Any) -> None:
    """Takes `live_plot` off those that wait: it has been shown."""
    _waiting.pop(id(live_plot), None)


def _show_waiting(*_):
    for live_plot in list(_waiting.values()):
        live_plot.show()
    _waiting.clear()
    _shell().events.unregister('post_run_cell', _show_waiting)


def _shell():
    # A notebook has imported IPython already; anything else has no use for it.
    ipython = sys.modules.get('IPython')
    return ipython.get_ipython() if ipython else None
