"""`d2lite run`: runs pages."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from d2lite import selection
from d2lite.commands.common import PREFER, Prefer, require_notebook, split, stop, tabs


class Format(StrEnum):
    notebook = 'notebook'
    html = 'html'
    md = 'md'


def run(
    pages: Annotated[
        list[Path],
        typer.Argument(
            metavar='PAGE', help='Tabbed pages, Markdown notebooks, or folders of them.'
        ),
    ],
    tab: Annotated[
        str | None,
        typer.Option(
            help='A tab of the page, or "all". [default: the selected backend]',
            autocompletion=tabs,
        ),
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
    prefer: Annotated[Prefer | None, typer.Option(help=PREFER)] = None,
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
    verbose: Annotated[
        bool, typer.Option('--verbose', '-v', help='Also tell what the course of a page lends it.')
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
        stop('--resume needs the file that it goes on with: --report FILE')
    require_notebook()
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
            split(show),
            report,
            resume,
            isolated,
            compat,
            quiet,
            as_json,
            junit,
            prefer and prefer.value,
            verbose,
        )
        code = run_command(pages, tab, options)
    except (PageError, selection.BackendError, ValueError) as error:
        stop(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        stop(f'Cannot write to {output}: {error.strerror} ({error.filename}).')
    raise typer.Exit(code)
