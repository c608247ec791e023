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
    _require_notebook()
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


@app.command()
def parity(
    page: Annotated[
        str | None,
        typer.Argument(
            help='A page: compare what its tabs compute. [default: the built-in models]'
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help='LinearRegressionScratch or LinearRegression. [default: both]'),
    ] = None,
    backends: Annotated[
        list[str] | None,
        typer.Option(metavar='NAME,NAME', help='[default: all that are installed]'),
    ] = None,
    steps: Annotated[int | None, typer.Option(help='[default: three epochs]')] = None,
    dtype: Annotated[str, typer.Option(help='float32 or float64.')] = 'float32',
    plot: Annotated[
        str | None, typer.Option(metavar='FILE', help='Draw the deviations, step by step.')
    ] = None,
    seed: Annotated[int, typer.Option(help='Of a page: the common seed of its tabs.')] = 0,
    tolerance: Annotated[
        float | None,
        typer.Option(help='Of a page: how far apart its tabs may be, relatively. [default: any]'),
    ] = None,
) -> None:
    """Train linear regression on every backend, and compare each step with NumPy's.

    With PAGE: run it on every tab from a common seed, and tell for each variable that all tabs
    hold at the end how far apart they are.

    The exit status is 0 if all are within tolerance, 1 if one is not, and 2 if something that was
    asked for does not exist.
    """
    try:
        if page is None:
            from d2lite.parity_report import report

            code = report(_split(model), _split(backends), steps, dtype, plot)
        else:
            code = _compare_page(page, _split(backends), seed, tolerance)
    except (ValueError, selection.BackendError) as error:
        _stop(str(error))
    raise typer.Exit(code)


def _compare_page(path: str, tabs: list[str], seed: int, tolerance: float | None) -> int:
    _require_notebook()
    from d2lite.pages.compare import report
    from d2lite.pages.running import tabs_to_run
    from d2lite.pages.source import read_page

    source = read_page(path)
    tabs = [name for tab in tabs for name in tabs_to_run(source, tab)]
    return report(source, tabs or tabs_to_run(source, 'all'), seed, 600, tolerance)


def _require_notebook() -> None:
    modules = ('ipykernel', 'markdown_it', 'nbclient', 'nbformat')
    missing = [module for module in modules if not find_spec(module)]
    if missing:
        line = selection.install_line('notebook')
        _stop(f'Running pages needs {", ".join(missing)}: {line}')


def _split(words: list[str] | None) -> list[str]:
    return [name.strip() for each in words or [] for name in each.split(',') if name.strip()]


def _stop(message: str) -> None:
    typer.echo(f'd2lite: {message}', err=True)
    sys.exit(2)
