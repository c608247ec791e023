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

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ['Tab', 'current', 'load_ipython_extension', 'select', 'unload_ipython_extension']

MAGIC = re.compile(r'\s*(?P<mark>%%tab|#\s*@tab)(?![\w.])(?P<names>.*)')


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

        A list of names works as well. Raises BackendError for an unknown name, ValueError without
        any. Under the page runner, which has fixed the tab, nothing is shown.
        """
        names = _names(tabs)
        if 'all' in names:
            names = list(selection.registered_backends())
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
        """True if this kernel is on one of `tabs`. Raises BackendError for an unknown name."""
        names = _names(tabs)
        return 'all' in names or current() in names

    def __repr__(self):
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
    # By name: after a reload these are other functions.
    transformers = shell.input_transformers_cleanup
    transformers[:] = [each for each in transformers if not _is_ours(each, '_apply_magic')]
    for callback in list(shell.events.callbacks['pre_run_cell']):
        if _is_ours(callback, '_before_cell'):
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
    first, names, problem = _tabs_of(lines)
    if problem:
        return [_call('complain', problem)]
    if names is None:
        return lines
    if not {'all', current()} & set(names):
        return [_call('skipped', names)]
    rest = lines[first + 1 :]
    following = next((line for line in rest if line.strip()), '')
    if not following or following.startswith('%%'):  # a magic of the whole cell must be on top
        return rest
    # A comment in its place, so that the lines of tracebacks are those of the cell.
    indent = re.match(r'\s*', following)[0]
    return [*lines[:first], f'{indent}# {lines[first].strip().lstrip("#")}\n', *rest]


def _before_cell(info) -> None:
    _, names, problem = _tabs_of((info.raw_cell or '').splitlines(keepends=True))
    if names and not problem and {'all', current()} & set(names):
        if warning := current_choice().note_run():
            widget.warn(warning)


def _tabs_of(lines: list[str]) -> tuple[int, list[str] | None, str]:
    """The index of the line that names the tabs of a cell, their names, and the problem with it."""
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    match = MAGIC.fullmatch(lines[first].rstrip('\r\n')) if lines else None
    if not match:
        return first, None, ''
    known = ', '.join([*selection.registered_backends(), 'all'])
    names = [name for name in re.split(r'[\s,]+', match['names']) if name]
    if not names:
        return first, None, f'{match["mark"]} names no tab; the tabs are {known}.'
    try:
        return first, _names(names), ''
    except selection.BackendError:
        unknown = next(name for name in names if not _is_known(name))
        return first, None, f'{match["mark"]}: unknown tab {unknown!r}; the tabs are {known}.'


def _call(function: str, argument) -> str:
    return f"__import__('d2lite.pages.jupyter.tab').pages.jupyter.tab.{function}({argument!r})\n"


def _names(tabs) -> list[str]:
    flat = [n for each in tabs for n in (each if isinstance(each, list | tuple) else [each])]
    return [name if name == 'all' else selection.canonical_name(name) for name in flat]


def _is_known(name: str) -> bool:
    try:
        return bool(_names([name]))
    except selection.BackendError:
        return False


def _is_ours(function, name: str) -> bool:
    return (getattr(function, '__module__', ''), getattr(function, '__name__', '')) == (
        __name__,
        name,
    )
