"""Output of d2lite: the console of its tables, and warnings that point at the lesson's line."""

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console(stderr: bool = False) -> 'Console':
    """A console for stdout, wide enough for the tables where that is a file or a pipe.

    `stderr`: for stderr instead, so that stdout is left to a program that reads it.
    """
    from rich.console import Console  # at its import, rich draws from Python's random numbers

    out = Console(highlight=False, stderr=stderr)
    return out if out.is_terminal else Console(highlight=False, width=160, stderr=stderr)


def warn(message: str) -> None:
    """Gives a UserWarning at the innermost line outside of d2lite and its backends."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals.get('__name__', '').startswith('d2lite'):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
