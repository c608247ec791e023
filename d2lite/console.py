"""What d2lite says: the console of its tables, and warnings that point at the lesson's line."""

import sys
import warnings

from rich.console import Console

__all__ = ['console', 'warn']


def console() -> Console:
    """Prints to stdout; wide enough for the tables where that is a file or a pipe."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=160)


def warn(message):
    """A UserWarning at the innermost line outside of d2lite and its backends."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals.get('__name__', '').startswith('d2lite'):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
