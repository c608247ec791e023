"""`d2lite new-page`: writes a page to begin with."""

from pathlib import Path
from typing import Annotated

import typer

from d2lite import selection
from d2lite.commands.common import split, stop


def new_page(
    path: Annotated[Path, typer.Argument(metavar='FILE', help='The page to write, a .md file.')],
    title: Annotated[str | None, typer.Option(help='[default: from the name of the file]')] = None,
    tabs: Annotated[
        list[str] | None,
        typer.Option(metavar='NAME,NAME', help='The tabs that it is for. [default: all four]'),
    ] = None,
) -> None:
    """Write a small page that runs, to begin a lesson with."""
    from d2lite.pages.new_page import write_page

    try:
        write_page(path, title, split(tabs))
    except (FileExistsError, selection.BackendError) as error:
        stop(str(error))
    except OSError as error:
        stop(f'Cannot write {path}: {error.strerror}.')
    typer.echo(f'Wrote {path}. To run it: d2lite run {path} --tab all')
