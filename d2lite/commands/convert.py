"""`d2lite convert`: pages to notebooks, and notebooks to pages."""

from pathlib import Path
from typing import Annotated

import typer

from d2lite import selection
from d2lite.commands.common import require_notebook, stop, tabs


def convert(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar='PAGE', help='Pages, notebooks (.ipynb), or folders of them.'),
    ],
    tab: Annotated[
        str | None,
        typer.Option(
            help='A tab of the page, or "all": a notebook with a selector. '
            '[default: the selected backend]',
            autocompletion=tabs,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            '--output',
            '-o',
            metavar='FILE',
            help='A folder, if there are several. [default: PAGE.TAB.ipynb, PAGE.ipynb or '
            'NOTEBOOK.md, here; of a folder, in build]',
        ),
    ] = None,
    force: Annotated[bool, typer.Option('--force', help='Write over a file that differs.')] = False,
) -> None:
    """Make notebooks of pages, or pages of notebooks.

    A notebook of one tab has nothing of the tabs left in it. One of all tabs has a selector. Both
    run wherever d2lite is installed. A folder stands for its pages, or if it has none, for its
    notebooks.

    The exit status is 0 if all is written, 1 if something in a folder could not be converted, and
    2 if nothing is written.
    """
    require_notebook()
    from d2lite.pages.convert import convert as converted
    from d2lite.pages.convert import write
    from d2lite.pages.reading.page import PageError

    try:
        found = converted(sources, tab, output)
        for problem in [*found.failed, *found.problems]:
            typer.echo(f'd2lite: {problem}', err=True)
        write(found, force)
    except (PageError, selection.BackendError, ValueError) as error:
        stop(str(error))
    except OSError as error:
        stop(f'Cannot write {error.filename}: {error.strerror}.')
    for path in found.main:
        typer.echo(f'Wrote {path}')
    raise typer.Exit(int(bool(found.failed)))
