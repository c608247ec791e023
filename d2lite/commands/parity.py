"""`d2lite parity`: compares the backends with each other, step by step."""

from pathlib import Path
from typing import Annotated

import typer

from d2lite import selection
from d2lite.commands.common import PREFER, Prefer, require_notebook, split, stop


def parity(
    page: Annotated[
        str | None,
        typer.Argument(
            help='A page: compare what its tabs compute. [default: the built-in models]'
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            help='A built-in model, or "all"; may be repeated. [default: the two of linear '
            'regression]'
        ),
    ] = None,
    backends: Annotated[
        list[str] | None,
        typer.Option(metavar='NAME,NAME', help='[default: all that are installed]'),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help='[default: 20; 96, three epochs, of linear regression]')
    ] = None,
    dtype: Annotated[str, typer.Option(help='float32 or float64.')] = 'float32',
    plot: Annotated[
        str | None, typer.Option(metavar='FILE', help='Draw the deviations, step by step.')
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option('--json', metavar='FILE', help='Write all numbers, as JSON.')
    ] = None,
    seed: Annotated[int, typer.Option(help='Of a page: the common seed of its tabs.')] = 0,
    prefer: Annotated[Prefer | None, typer.Option(help=f'Of a page: {PREFER}')] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help='Of a page: how far apart its tabs may be, relatively. [default: any]'),
    ] = None,
) -> None:
    """Train built-in models on every backend, and compare each step with NumPy's.

    With PAGE: run it on every tab from a common seed, and tell for each variable that all tabs
    hold at the end how far apart they are.

    The exit status is 0 if all are within tolerance, 1 if one is not, and 2 if something that was
    asked for does not exist.
    """
    try:
        if page is None:
            from d2lite.parity.report import report

            code = report(split(model), split(backends), steps, dtype, plot, json_file)
        else:
            choice = prefer and prefer.value
            code = _compare_page(page, split(backends), seed, tolerance, json_file, choice)
    except (ValueError, selection.BackendError) as error:
        stop(str(error))
    raise typer.Exit(code)


def _compare_page(
    path: str,
    tabs: list[str],
    seed: int,
    tolerance: float | None,
    json_file: Path | None,
    prefer: str | None,
) -> int:
    require_notebook()
    from d2lite.pages.reading.page import read_page
    from d2lite.pages.running.compare import report
    from d2lite.pages.running.tabs import tabs_to_run, tell_tabs_without_backend

    source = read_page(path)
    tell_tabs_without_backend([source])
    tabs = [name for tab in tabs for name in tabs_to_run(source, tab)]
    tabs = tabs or tabs_to_run(source, 'all')
    return report(source, tabs, seed, 600, tolerance, json_file, prefer)
