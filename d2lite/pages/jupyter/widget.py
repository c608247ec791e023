"""Shows the tabs of a notebook: the selector, warnings, and the line of a skipped cell.

Without ipywidgets, and outside of a notebook, all is plain text.
"""

import html
import sys
from importlib.util import find_spec

from d2lite.pages.jupyter.choice import Choice

_selector = None  # the newest one


class Selector:
    """Buttons to choose the tab with, and a note below them."""

    def __init__(self, choice: Choice) -> None:
        import ipywidgets

        self.choice = choice
        self.buttons = ipywidgets.ToggleButtons(
            options=choice.tabs, value=choice.current(), style={'button_width': 'auto'}
        )
        self.note = ipywidgets.HTML()
        row = ipywidgets.HBox([ipywidgets.Label('Tab:'), self.buttons])
        self.box = ipywidgets.VBox([row, self.note])
        self.buttons.observe(self._on_choice, names='value')
        self.update()

    def update(self) -> None:
        """Shows the tab that is chosen now."""
        if self.buttons.value != self.choice.current():
            self.buttons.value = self.choice.current()
        problem = self.choice.problem()
        style = 'color: var(--jp-error-color0, #b71c1c); line-height: 1.4'
        self.note.value = f'<div style="{style}">{html.escape(problem)}</div>' if problem else ''
        self.note.layout.display = None if problem else 'none'

    def _on_choice(self, change):
        if change['new'] != self.choice.current():
            self.choice.choose(change['new'])
        self.update()


def show(choice: Choice) -> None:
    """Shows a selector for the tabs of the page."""
    global _selector
    text = f'tab {choice.current()}, of {", ".join(choice.tabs)}; to change: tab.select(...)'
    if not _in_notebook() or find_spec('ipywidgets') is None:
        _selector = None
        print(text)
        return
    from IPython.display import display

    _selector = Selector(choice)
    # A front end without the widgets shows the text.
    display({**_selector.box._repr_mimebundle_(), 'text/plain': text}, raw=True)


def follow(choice: Choice) -> None:
    """Updates the selector after the tab was chosen by a call."""
    if _selector is not None:
        _selector.update()
    elif problem := choice.problem():
        warn(problem)


def quiet_line(text: str) -> None:
    """Shows a line in a muted colour."""
    if not _in_notebook():
        print(text)
        return
    from IPython.display import display

    style = 'color: var(--jp-content-font-color2, gray); font-size: 90%'
    line = f'<span style="{style}">{html.escape(text)}</span>'
    display({'text/plain': text, 'text/html': line}, raw=True)


def warn(text: str) -> None:
    """Prints a line on stderr, which notebooks show in colour."""
    print(text, file=sys.stderr, flush=True)


def _in_notebook() -> bool:
    ipython = sys.modules.get('IPython')
    return hasattr(ipython and ipython.get_ipython(), 'kernel')
