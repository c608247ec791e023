"""Lends this process the names of the table; the function behind `d2lite.compat()`."""

import sys
import warnings

from d2lite.pages.compat import calls
from d2lite.pages.compat.after_import import AfterImport
from d2lite.pages.compat.kinds import OldName, used
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


def used_names() -> list[OldName]:
    """The old names that this process has used so far, in the order of their first use."""
    return list(used.values())
