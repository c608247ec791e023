"""The `d2lite` command."""

import signal
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

import d2lite
from d2lite import selection

__all__ = ['app', 'main']

app = typer.Typer(
    help='One deep-learning lesson on MXNet, PyTorch, TensorFlow and JAX.',
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Runs the command line; the entry point of the console script."""
    signal.signal(signal.SIGTERM, _terminate)
    app()


def _terminate(number, frame):
    # An exception, unlike the default, lets a run shut down its kernel on the way out.
    raise SystemExit(128 + number)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f'd2lite {d2lite.__version__}')
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option('--version', callback=_version, is_eager=True, help='Show the version.'),
    ] = False,
) -> None:
    pass


@app.command()
def run(
    page: Annotated[
        str, typer.Argument(metavar='PAGE', help='A tabbed page, or a Markdown notebook.')
    ],
    tab: Annotated[
        str | None,
        typer.Option(help='A tab of the page, or "all". [default: the selected backend]'),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0, help='Seconds that a cell may take; 0 is no limit.')
    ] = 600,
    show: Annotated[
        list[str] | None,
        typer.Option(metavar='NAME', help='A variable to show at the end; may be repeated.'),
    ] = None,
) -> None:
    """Run the cells of a page in a Jupyter kernel, on one tab or on all of them.

    Ends with a table, one line a tab. The exit status is 0 if every tab passed, 1 if one failed,
    and 2 if the page or the tab could not be used at all.
    """
    missing = [m for m in ('ipykernel', 'markdown_it', 'nbclient', 'nbformat') if not find_spec(m)]
    if missing:
        _stop(f'Running pages needs {", ".join(missing)}: {selection.install_line("notebook")}')

    from d2lite.pages.running import run_tabs, tabs_to_run
    from d2lite.pages.source import PageError, read_page

    try:
        source = read_page(page)
        tabs = tabs_to_run(source, tab)
    except (PageError, selection.BackendError) as error:
        _stop(str(error))
    names = [name.strip() for each in show or [] for name in each.split(',') if name.strip()]
    try:
        results = run_tabs(source, tabs, timeout, names)
    except KeyboardInterrupt:
        typer.echo('Interrupted; the kernel is shut down.', err=True)
        raise typer.Exit(130) from None
    raise typer.Exit(int(any(result.error for result in results)))


@app.command()
def doctor() -> None:
    """Say which backends work here, and how to mend those that do not."""
    from d2lite.doctor import report

    raise typer.Exit(report())


def _stop(message: str) -> None:
    typer.echo(f'd2lite: {message}', err=True)
    sys.exit(2)
