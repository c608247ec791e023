"""Where the commands print their tables."""

from rich.console import Console

__all__ = ['console']


def console() -> Console:
    """Prints to stdout; wide enough for the tables where that is a file or a pipe."""
    out = Console(highlight=False)
    return out if out.is_terminal else Console(highlight=False, width=160)
