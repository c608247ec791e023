"""The tab of a kernel, and the tabs that have run in it.

The tab is the first of these that exists:

1. the tab that the page runner has fixed;
2. the choice in this kernel, by the selector or by `tab.select`;
3. the backend that `import d2lite as d2l` has used already;
4. the earlier choice in this notebook, or D2LITE_BACKEND if that was changed since;
5. the first installed backend, or the first tab of the page if the page does not have that one.

The choice is remembered for this notebook and this user only, in a small file in the user's Jupyter
folder, by the path of the notebook. If the path is unknown, it lasts as long as the kernel.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path

from d2lite import selection
from d2lite.files import replace_file


class Choice:
    """The tab of this process."""

    def __init__(self) -> None:
        self.fixed: str | None = None  # set by the page runner: nothing changes it
        self.chosen: str | None = None
        self.tabs: list[str] = []  # those that the page declares
        self.ran: set[str] = set()  # tabs of which cells have run
        self.warned: str | None = None  # the tab of the last warning

    def current(self) -> str:
        """The tab of this process, e.g. `'pytorch'`. Raises BackendError for a wrong variable."""
        return self.fixed or self.chosen or selection.selected_or_none() or self._first()

    def start(self, tabs: list[str]) -> None:
        """Declares the tabs of the page, and chooses the one that this notebook had last."""
        self.tabs = tabs
        used = self.chosen, selection.selected_or_none()
        installed = [tab for tab in tabs if not selection.missing_modules(tab)]
        wanted = [*used, _recall(), self._first(), *installed, *tabs]
        self.choose(next(tab for tab in wanted if tab in tabs), remember=False)

    def choose(self, tab: str, *, remember: bool = True) -> None:
        """Chooses `tab`, a canonical name."""
        if self.fixed:
            return
        self.chosen = tab
        if remember:
            _remember(tab)
        # `import d2lite as d2l` follows, as long as nothing has used it.
        if selection.selected_or_none() is None:
            os.environ[selection.VARIABLE] = tab

    def note_run(self) -> str:
        """Notes that cells of the current tab run; returns a warning the first time, or nothing."""
        tab = self.current()
        warning = self.problem() if self.warned != tab else ''
        self.warned = tab
        self.ran.add(tab)
        return warning

    def problem(self) -> str:
        """The reason not to run cells of the current tab in this kernel; empty if there is none."""
        tab = self.current()
        if tab in selection.registered_backends() and (missing := selection.missing_modules(tab)):
            line = selection.install_line(tab)
            return f'{tab} needs {", ".join(missing)}, not installed here. Install with: {line}'
        others = {*self.ran, selection.selected_or_none()} - {tab, None}
        if self.fixed or not others:
            return ''
        return (
            f'Cells of {", ".join(sorted(others))} already ran in this kernel: restart it '
            f'(Kernel → Restart Kernel) before you run those of {tab}.'
        )

    def _first(self) -> str:
        asked = os.environ.get(selection.VARIABLE, '').strip()
        if asked:
            return selection.canonical_name(asked)
        return next(iter(selection.available() or selection.registered_backends()))


def current_choice() -> Choice:
    """The choice of this process; a reload of the extension keeps it."""
    return _current


_current = Choice()
_variable_at_start = os.environ.get(selection.VARIABLE, '').strip()


def _file() -> Path | None:
    """The file that remembers the choice of this notebook; None if its path is unknown."""
    notebook = os.environ.get('JPY_SESSION_NAME')  # its path, if Jupyter gives it
    if not notebook:
        return None
    from jupyter_core.paths import jupyter_data_dir

    name = hashlib.sha256(notebook.encode(errors='surrogateescape')).hexdigest()[:16]
    return Path(jupyter_data_dir(), 'd2lite', f'{name}.json')


def _recall() -> str | None:
    """The tab chosen last in this notebook, unless D2LITE_BACKEND has been changed since."""
    try:
        kept = json.loads(_file().read_text()) if _file() else {}
    except (OSError, ValueError):
        return None
    return kept.get('tab') if kept.get('variable') == _variable_at_start else None


def _remember(tab: str) -> None:
    if not (path := _file()):
        return
    # In a home that cannot be written to the choice lasts as long as the kernel.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps({'tab': tab, 'variable': _variable_at_start}))
