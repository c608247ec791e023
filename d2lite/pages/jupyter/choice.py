"""Which tab a kernel is on, and which tabs have run in it.

The first of these that there is:

1. the tab that the page runner has settled;
2. what was chosen in this kernel, by the selector or by `tab.select`;
3. the backend that `import d2lite as d2l` has used already;
4. what was chosen in this notebook before, and D2LITE_BACKEND: the later of the two;
5. the first installed backend, or the first of the page's tabs if the page has not that one.

What was chosen is remembered for this notebook and this user only: in a small file in the user's
Jupyter folder, by the path of the notebook. Where the path is not known, or nothing can be written,
the choice lasts as long as the kernel.
"""

import hashlib
import json
import os
from pathlib import Path

from d2lite import selection
from d2lite.files import replace_file

__all__ = ['Choice', 'the_choice']


class Choice:
    """The tab of this process."""

    def __init__(self):
        self.settled = None  # by the page runner: nothing changes it
        self.chosen = None
        self.tabs = ()  # those that the page declares
        self.ran = []  # tabs of which cells have run
        self.told = None  # the tab of which a warning has been given

    def current(self) -> str:
        """The tab of this process, e.g. `'pytorch'`. Raises BackendError for a wrong variable."""
        return self.settled or self.chosen or selection.selected_or_none() or self._first()

    def start(self, tabs: list[str]) -> None:
        """Declares the tabs of the page, and goes to the one where this notebook was last."""
        self.tabs = tuple(tabs)
        used = self.chosen, selection.selected_or_none()
        wanted = [*used, _recall(), self._first(), *_installed(tabs), *tabs]
        self.choose(next(tab for tab in wanted if tab in tabs), remember=False)

    def choose(self, tab: str, *, remember: bool = True) -> None:
        """Goes to `tab`, a canonical name."""
        if self.settled:
            return
        self.chosen = tab
        if remember:
            _remember(tab)
        # `import d2lite as d2l` follows, as long as nothing has used it.
        if selection.selected_or_none() is None:
            os.environ[selection.VARIABLE] = tab

    def note_run(self) -> str:
        """Notes that cells of the current tab run; returns what there is to warn of, once."""
        tab = self.current()
        warning = self.trouble() if self.told != tab else ''
        self.told = tab
        if tab not in self.ran:
            self.ran.append(tab)
        return warning

    def trouble(self) -> str:
        """Why cells of the current tab should not run in this kernel, or nothing."""
        tab = self.current()
        if tab in selection.registered_backends() and (missing := selection.missing_modules(tab)):
            line = selection.install_line(tab)
            return f'{tab} needs {", ".join(missing)}, not installed here. Install with: {line}'
        ran = dict.fromkeys([*self.ran, *filter(None, [selection.selected_or_none()])])
        others = [name for name in ran if name != tab]
        if self.settled or not others:
            return ''
        return (
            f'Cells of {", ".join(others)} already ran in this kernel: restart it '
            f'(Kernel → Restart Kernel) before you run those of {tab}.'
        )

    def _first(self) -> str:
        asked = os.environ.get(selection.VARIABLE, '').strip()
        if asked:
            return selection.canonical_name(asked)
        return next(iter(selection.available() or selection.registered_backends()))


def the_choice() -> Choice:
    """That of this process; it outlives a reload of the extension."""
    return _the_choice


_the_choice = Choice()
_variable_at_start = os.environ.get(selection.VARIABLE, '').strip()


def _installed(tabs) -> list[str]:
    return [tab for tab in tabs if not selection.missing_modules(tab)]


def _file() -> Path | None:
    """Where the choice of this notebook is remembered; None if it is not known which it is."""
    notebook = os.environ.get('JPY_SESSION_NAME')  # its path, where Jupyter tells it
    if not notebook:
        return None
    from jupyter_core.paths import jupyter_data_dir

    name = hashlib.sha256(notebook.encode(errors='surrogateescape')).hexdigest()[:16]
    return Path(jupyter_data_dir(), 'd2lite', f'{name}.json')


def _recall() -> str | None:
    """The tab chosen last in this notebook, unless D2LITE_BACKEND has been changed since."""
    try:
        kept = json.loads(_file().read_text()) if _file() else {}
        return kept['tab'] if kept['variable'] == _variable_at_start else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(tab: str) -> None:
    path = _file()
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps({'tab': tab, 'variable': _variable_at_start}))
    except OSError:
        pass  # a home that cannot be written to: the choice lasts as long as the kernel
