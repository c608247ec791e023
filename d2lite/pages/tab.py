"""What `%load_ext d2lbook.tab` or `%load_ext d2lite.tab` loads in a kernel.

The page then has an object `tab`: `tab.selected('mxnet', 'pytorch')` says whether the kernel runs
one of these tabs. Which tab it runs, whoever started the kernel has settled with `select`; else it
is d2lite's selected backend.
"""

import re

from d2lite import selection

__all__ = ['Tab', 'current', 'load_ipython_extension', 'select']

MAGIC = re.compile(r'\s*%%tab\b(?P<names>.*)')

_selected: str | None = None


def select(name: str) -> None:
    """Settles the tab of this process. Raises BackendError for an unknown name."""
    global _selected
    _selected = selection.canonical_name(name)


def current() -> str:
    """The tab of this process, e.g. `'pytorch'`."""
    return _selected or selection.backend()


class Tab:
    """The object `tab` of a page."""

    def interact_select(self, *tabs):
        """Declares the tabs of the page: `interact_select(['mxnet', 'jax'])`, or without a list.

        Raises BackendError for an unknown name, ValueError without any. It does not change the
        tab, which is settled before the first cell runs.
        """
        if not _names(tabs):
            raise ValueError(f'interact_select needs tabs; they are {", ".join(selection.known())}')

    def selected(self, *tabs) -> bool:
        """Whether this kernel runs one of `tabs`. Raises BackendError for an unknown name."""
        return current() in _names(tabs)

    def __repr__(self):
        return f'<tab {current()}>'


def load_ipython_extension(shell) -> None:
    """Puts `tab` into the namespace, and makes `%%tab` run a cell only where it applies."""
    shell.push({'tab': Tab()})
    # An input transformer instead of a cell magic: a magic would run the cell inside of another
    # one, which doubles its traceback and shifts its line numbers.
    if _apply_magic not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.insert(0, _apply_magic)


def _apply_magic(lines: list[str]) -> list[str]:
    """The lines of a cell without their `%%tab` line, or none if the cell is for other tabs."""
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    match = lines and MAGIC.fullmatch(lines[first].rstrip('\n'))
    if not match:
        return lines
    names = [name for name in re.split(r'[\s,]+', match['names']) if name]
    if not names:
        raise ValueError(f'%%tab names no tab; they are {", ".join(selection.known())}, all')
    applies = 'all' in names or current() in _names(names)
    return lines[first + 1 :] if applies else []


def _names(tabs) -> list[str]:
    flat = [n for each in tabs for n in (each if isinstance(each, list | tuple) else [each])]
    return [selection.canonical_name(name) for name in flat]
