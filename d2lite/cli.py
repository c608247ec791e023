"""The `d2lite` command."""

import signal
import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

import d2lite
from d2lite import selection

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


class Format(StrEnum):
    notebook = 'notebook'
    html = 'html'
    md = 'md'


@app.command()
def run(
    pages: Annotated[
        list[Path],
        typer.Argument(
            metavar='PAGE...', help='Tabbed pages, Markdown notebooks, or folders of them.'
        ),
    ],
    tab: Annotated[
        str | None,
        typer.Option(help='A tab of the page, or "all". [default: the selected backend]'),
    ] = None,
    to: Annotated[
        list[Format] | None,
        typer.Option(help='Write what ran: html has all tabs in one file. May be repeated.'),
    ] = None,
    output: Annotated[
        Path, typer.Option(metavar='DIR', help='Where --to writes; made if it is not there.')
    ] = Path('build'),
    index: Annotated[
        bool, typer.Option('--index', help='With --to html: an index.html, which links the pages.')
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            '--set',
            metavar='NAME=VALUE',
            help='Another value for a variable or argument of the page, as in max_epochs=1; '
            'may be repeated.',
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help='Tabs that run at the same time.')] = 1,
    timeout: Annotated[
        float, typer.Option(min=0, help='Seconds that a cell may take; 0 is no limit.')
    ] = 600,
    show: Annotated[
        list[str] | None,
        typer.Option(metavar='NAME', help='A variable to show at the end; may be repeated.'),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar='FILE', help='Write what passed and what failed, as JSON.'),
    ] = None,
    resume: Annotated[
        bool, typer.Option('--resume', help='Leave out what the file of --report has already.')
    ] = False,
    compat: Annotated[
        bool,
        typer.Option('--compat', help='Lend the page names that the frameworks have given up.'),
    ] = False,
    isolated: Annotated[
        bool,
        typer.Option('--isolated', help='Run each page in a copy of its folder, gone at the end.'),
    ] = False,
    force: Annotated[
        bool, typer.Option('--force', help='Write over files that somebody may have worked in.')
    ] = False,
    quiet: Annotated[
        bool, typer.Option('--quiet', '-q', help='Print failures, on stderr, and nothing else.')
    ] = False,
    as_json: Annotated[
        bool, typer.Option('--json', help='Print the outcome as JSON, in place of the tables.')
    ] = False,
    junit: Annotated[
        Path | None, typer.Option(metavar='FILE', help='Write the outcome as JUnit XML.')
    ] = None,
) -> None:
    """Run the cells of pages in Jupyter kernels, on one tab or on all of them.

    Ends with a table, one line a tab. A folder stands for all pages in it: the end is then a matrix
    of folders and tabs, and the failures by cause, and notebooks with the outputs are kept.

    The exit status is 0 if every tab passed, 1 if one failed, and 2 if a page or the tab could not
    be used at all.
    """
    if resume and not report:
        _stop('--resume needs the file that it goes on with: --report FILE')
    _require_notebook()
    from d2lite.pages.reading.page import PageError
    from d2lite.pages.running.command import RunOptions, run_command

    formats = list(dict.fromkeys(each.value for each in to or []))
    try:
        options = RunOptions(
            formats,
            output,
            index,
            force,
            settings or [],
            jobs,
            timeout,
            _split(show),
            report,
            resume,
            isolated,
            compat,
            quiet,
            as_json,
            junit,
        )
        code = run_command(pages, tab, options)
    except (PageError, selection.BackendError, ValueError) as error:
        _stop(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        _stop(f'Cannot write to {output}: {error.strerror} ({error.filename}).')
    raise typer.Exit(code)


@app.command()
def convert(
    page: Annotated[Path, typer.Argument(metavar='PAGE', help='A tabbed page.')],
    tab: Annotated[
        str | None, typer.Option(help='A tab of the page. [default: the selected backend]')
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option('--output', '-o', metavar='FILE', help='[default: PAGE.TAB.ipynb, here]'),
    ] = None,
    force: Annotated[bool, typer.Option('--force', help='Write over a file that differs.')] = False,
) -> None:
    """Make a plain notebook of one tab, which runs wherever d2lite is installed."""
    _require_notebook()
    import nbformat

    from d2lite.files import replace_file, would_lose_work
    from d2lite.pages.reading.page import PageError, read_page
    from d2lite.pages.rewriting.plain_notebook import to_plain_notebook
    from d2lite.pages.running.tabs import tell_tabs_without_backend

    try:
        source = read_page(page)
        tell_tabs_without_backend([source])
        name = selection.canonical_name(tab or selection.backend())
        text = nbformat.writes(to_plain_notebook(source, name)) + '\n'
        output = output or Path(f'{page.stem}.{name}.ipynb')
        if not force and would_lose_work(output, text):
            _stop(
                f'{output} is there, and differs from what would be written: somebody may have '
                f'worked in it. --force writes over it, -o takes another name.'
            )
        replace_file(output, text)
    except (PageError, selection.BackendError) as error:
        _stop(str(error))
    except OSError as error:
        _stop(f'Cannot write {output}: {error.strerror}.')
    typer.echo(f'Wrote {output}')


@app.command('new-page')
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
        write_page(path, title, _split(tabs))
    except (FileExistsError, selection.BackendError) as error:
        _stop(str(error))
    except OSError as error:
        _stop(f'Cannot write {path}: {error.strerror}.')
    typer.echo(f'Wrote {path}. To run it: d2lite run {path} --tab all')


@app.command()
def doctor() -> None:
    """List the backends that work here, and how to repair those that do not."""
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

            code = report(_split(model), _split(backends), steps, dtype, plot, json_file)
        else:
            code = _compare_page(page, _split(backends), seed, tolerance, json_file)
    except (ValueError, selection.BackendError) as error:
        _stop(str(error))
    raise typer.Exit(code)


def _compare_page(
    path: str, tabs: list[str], seed: int, tolerance: float | None, json_file: Path | None
) -> int:
    _require_notebook()
    from d2lite.pages.reading.page import read_page
    from d2lite.pages.running.compare import report
    from d2lite.pages.running.tabs import tabs_to_run, tell_tabs_without_backend

    source = read_page(path)
    tell_tabs_without_backend([source])
    tabs = [name for tab in tabs for name in tabs_to_run(source, tab)]
    return report(source, tabs or tabs_to_run(source, 'all'), seed, 600, tolerance, json_file)


def _require_notebook() -> None:
    modules = ('ipykernel', 'jinja2', 'latex2mathml', 'libcst', 'markdown_it')
    modules += ('mdit_py_plugins', 'nbclient', 'nbformat', 'nh3', 'pybtex', 'pygments', 'yaml')
    missing = [module for module in modules if not find_spec(module)]
    if missing:
        line = selection.install_line('notebook')
        _stop(f'Running pages needs {", ".join(missing)}: {line}')


def _split(words: list[str] | None) -> list[str]:
    return [name.strip() for each in words or [] for name in each.split(',') if name.strip()]


def _stop(message: str) -> None:
    typer.echo(f'd2lite: {message}', err=True)
    sys.exit(2)
