"""The extension `%load_ext d2lite.tab` for a kernel: `%%tab` and the object `tab`.

    tab.interact_select('pytorch', 'jax')     # buttons to choose with
    tab.selected('jax')                       # True if the kernel is on one of these tabs
    tab.select('jax')                         # chooses without buttons

A cell that begins with `%%tab jax, pytorch` or with `#@tab jax` runs on these tabs and says on
others that it is skipped; `%%tab all`, and a cell that names no tab, run on every tab.
"""

import re
import sys
from typing import TYPE_CHECKING

from d2lite import selection
from d2lite.pages.jupyter import widget
from d2lite.pages.jupyter.choice import current_choice
from d2lite.pages.reading.blocks import (
    TAB_LINE,
    canonical_tabs,
    has_backend,
    tab_names,
    without_backend,
)

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def select(name: str) -> None:
    """Fixes the tab of this process. Raises BackendError for an unknown name."""
    current_choice().fixed = selection.canonical_name(name)


def current() -> str:
    """The tab of this process, e.g. `'pytorch'`."""
    return current_choice().current()


class Tab:
    """The object `tab` of a page."""

    def interact_select(self, *tabs: str | list[str]) -> None:
        """Declares the tabs of the page, and shows a selector: `interact_select('mxnet', 'jax')`.

        A list of names works as well. Names without a backend, such as `'paddle'`, are left out.
        Raises BackendError for a misspelt name, ValueError if no tab is left. Under the page
        runner, which has fixed the tab, nothing is shown.
        """
        names = canonical_tabs(*tabs)
        if 'all' in names:
            names = list(selection.registered_backends())
        others = [name for name in names if not has_backend(name)]
        names = [name for name in names if has_backend(name)]
        if others and not current_choice().fixed:
            widget.quiet_line(without_backend(others))
        if not names:
            raise ValueError(
                f'interact_select needs tabs; they are {", ".join(selection.registered_backends())}'
            )
        _may_load_again()
        choice = current_choice()
        choice.start(names)
        if not choice.fixed:
            widget.show(choice)

    def select(self, name: str) -> None:
        """Chooses the tab `name`. Raises ValueError if the page does not have it."""
        choice = current_choice()
        name = selection.canonical_name(name)
        if choice.tabs and name not in choice.tabs:
            raise ValueError(f'The page has no tab {name!r}; it has {", ".join(choice.tabs)}.')
        choice.choose(name)
        widget.follow(choice)

    def selected(self, *tabs: str | list[str]) -> bool:
        """True if this kernel is on one of `tabs`. Raises BackendError for a misspelt name."""
        names = canonical_tabs(*tabs)
        return 'all' in names or current() in names

    def __repr__(self) -> str:
        return f'<tab {current()}>'


def load_ipython_extension(shell: 'InteractiveShell') -> None:
    """Puts `tab` into the namespace, and makes `%%tab` run a cell only where it applies."""
    unload_ipython_extension(shell)
    shell.push({'tab': Tab()})
    # An input transformer instead of a cell magic: a magic would run the cell inside of another
    # one, which doubles its traceback and shifts its line numbers.
    shell.input_transformers_cleanup.insert(0, _apply_magic)
    shell.events.register('pre_run_cell', _before_cell)


def unload_ipython_extension(shell: 'InteractiveShell') -> None:
    """Takes `%%tab` away again."""
    # By their module: after a reload these are other functions.
    transformers = shell.input_transformers_cleanup
    transformers[:] = [each for each in transformers if each.__module__ != __name__]
    for callback in list(shell.events.callbacks['pre_run_cell']):
        if callback.__module__ == __name__:
            shell.events.unregister('pre_run_cell', callback)


def _may_load_again() -> None:
    """Makes IPython forget that it has loaded this: a second run of the front cell would warn."""
    ipython = sys.modules.get('IPython')
    if shell := ipython and ipython.get_ipython():
        shell.extension_manager.loaded -= {'d2lite.tab', 'd2lbook.tab'}


def skipped(names: list[str]) -> None:
    """Shows that a cell is skipped, and its tabs."""
    widget.quiet_line(f'skipped: for {", ".join(names)}; this is {current()}')


def complain(message: str) -> None:
    """Ends the cell with one line, without a traceback."""
    from IPython.core.error import UsageError

    raise UsageError(message)


def _apply_magic(lines: list[str]) -> list[str]:
    """Applies `%%tab`: the lines of a cell to run, or one line that says why it is skipped.

    It changes nothing and prints nothing: IPython also transforms cells that it does not run.
    """
    try:
        first, names = _tabs_of(lines)
    except ValueError as error:
        return [_call('complain', str(error))]
    if names is None:
        return lines
    if not {'all', current()} & set(names):
        return [_call('skipped', list(names))]
    rest = lines[first + 1 :]
    following = next((line for line in rest if line.strip()), '')
    if not following or following.startswith('%%'):  # a magic of the whole cell must be on top
        return rest
    # A comment in its place, so that the lines of tracebacks are those of the cell.
    indent = re.match(r'\s*', following)[0]
    return [*lines[:first], f'{indent}# {lines[first].strip().lstrip("#")}\n', *rest]


def _before_cell(info) -> None:
    try:
        _, names = _tabs_of((info.raw_cell or '').splitlines(keepends=True))
    except ValueError:
        return  # `_apply_magic` has made it a cell that complains
    if names and {'all', current()} & set(names):
        if warning := current_choice().note_run():
            widget.warn(warning)


def _tabs_of(lines: list[str]) -> tuple[int, tuple[str, ...] | None]:
    """The index of the line that names the tabs of a cell, and their names, if it names any.

    Raises ValueError for a wrong name, or for a line without one.
    """
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    match = TAB_LINE.fullmatch(lines[first].rstrip('\r\n')) if lines else None
    return first, match and tab_names(match['names'], match['mark'])


def _call(function: str, argument) -> str:
    return f"__import__('d2lite.pages.jupyter.tab').pages.jupyter.tab.{function}({argument!r})\n"
