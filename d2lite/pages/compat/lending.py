"""Lends this process the names of the table; the function behind `d2lite.compat()`."""

import sys
import warnings
from types import ModuleType
from typing import Any

from d2lite.pages.compat import calls
from d2lite.pages.compat.after_import import AfterImport
from d2lite.pages.compat.kinds import Setting
from d2lite.pages.compat.old_name import OldName, used
from d2lite.pages.compat.table import KERAS, TABLE

_lent: list[AfterImport] = []  # one entry, when it has been done


def lend() -> None:
    """Lends every name of the table to this process, each when its package is imported.

    In a notebook some calls in later cells are rewritten as well. Call it before TensorFlow is
    imported: which Keras it has is decided then; later it warns. A second call does nothing.
    """
    if _lent:
        return
    _lent.append(AfterImport())
    if 'tensorflow' in sys.modules:
        message = 'd2lite.compat(): TensorFlow has been imported already, so it keeps its Keras. '
        warnings.warn(message + 'For Keras 2 call it first, after a restart.', stacklevel=3)
    else:
        KERAS.choose()
    for entry in TABLE:
        if entry.module and entry.lendable:
            _lent[0].when(entry.module, entry.lend)
        elif entry.lendable:
            entry.lend()
    calls.install()


def used_names(namespace: dict[str, Any]) -> list[OldName]:
    """The old names that have been used so far, in the order of their first use.

    `namespace` has the variables of the user. A setting counts if something of its package is
    among them, for other packages may have imported it.
    """
    packages = {_package(value) for value in namespace.values()}
    return [
        entry
        for entry in used.values()
        if not isinstance(entry, Setting) or entry.module in packages
    ]


def _package(value):
    """The package that a module, class or function is from, or the class of an object."""
    if not isinstance(value, ModuleType):
        value = getattr(value, '__module__', '')
    name = getattr(value, '__name__', value)
    return name.partition('.')[0] if isinstance(name, str) else ''
