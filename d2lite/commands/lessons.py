"""`d2lite lessons`: the lessons that come with d2lite."""

from pathlib import Path
from typing import Annotated

import typer

from d2lite.commands.common import require_notebook, stop


def lessons(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar='NAME', help='Lessons to copy, or "all". [default: a list]'),
    ] = None,
    output: Annotated[
        Path,
        typer.Option('--output', '-o', metavar='DIR', help='Where to; made if it is not there.'),
    ] = Path('.'),
    force: Annotated[bool, typer.Option('--force', help='Write over a file that differs.')] = False,
) -> None:
    """List the lessons that come with d2lite, or copy some of them.

    The exit status is 2 if there is no such lesson, or if a file is there and differs.
    """
    require_notebook()
    from d2lite.pages.lessons import all_lessons, copy_lessons

    if not names:
        width = max(map(len, all_lessons()))
        for name, title in all_lessons().items():
            typer.echo(f'{name:{width}}  {title}')
        return
    try:
        written = copy_lessons(names, output, force)
    except ValueError as error:
        stop(str(error))
    except OSError as error:
        stop(f'Cannot write {error.filename}: {error.strerror}.')
    for path in written:
        typer.echo(f'Wrote {path}. To run it: d2lite run {path} --tab all')
