"""`d2lite library`: the names that the pages of a course save for each other."""

from pathlib import Path
from typing import Annotated

import typer

from d2lite.commands.common import PREFER, Prefer, require_notebook, stop


def library(
    folder: Annotated[
        Path, typer.Argument(metavar='FOLDER', help='A course: a folder of pages.', exists=True)
    ],
    output: Annotated[
        Path | None,
        typer.Option('--output', '-o', metavar='DIR', help='Write the names as a package.'),
    ] = None,
    prefer: Annotated[Prefer | None, typer.Option(help=PREFER)] = None,
    force: Annotated[bool, typer.Option('--force', help='Write over a file that differs.')] = False,
    as_json: Annotated[bool, typer.Option('--json', help='Print all of it as JSON.')] = False,
) -> None:
    """List the names that the pages of a course save with `#@save`, and what is wrong with them.

    With --output: write them as a package, a module for each tab, on top of d2lite. The name of the
    folder is that of the package.

    The exit status is 0 if no page would fail for a name, 1 if one would, and 2 if the course
    cannot be read or the package not be written.
    """
    require_notebook()
    from d2lite.console import console
    from d2lite.pages.course import report
    from d2lite.pages.course.folder import course_in
    from d2lite.pages.course.lint import problems
    from d2lite.pages.course.package import package_of, write_package
    from d2lite.pages.course.survey import Survey

    try:
        course = course_in(folder)
        if prefer:
            course = course.preferring(prefer.value)
        survey = Survey.of(course)
        found = problems(survey)
        written = []
        if output:
            package = package_of(survey, output.resolve().name)
            found += package.problems
            written = write_package(package, output, force)
    except ValueError as error:
        stop(str(error))
    except OSError as error:
        stop(f'Cannot write {error.filename}: {error.strerror}.')
    if as_json:
        typer.echo(report.as_json(survey, found))
    else:
        report.print_report(console(), survey, found)
        for path in written:
            typer.echo(f'Wrote {path}')
    raise typer.Exit(int(any(problem.fails for problem in found)))
