"""Warnings that point at the line of the lesson, however deep in d2lite they come from."""

import sys
import warnings

__all__ = ['warn']


def warn(message):
    """A UserWarning at the innermost line outside of d2lite and its backends."""
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_globals.get('__name__', '').startswith('d2lite'):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
