"""`d2lite doctor`: the state of the backends, and what a course needs."""

from pathlib import Path
from typing import Annotated

import typer

from d2lite.commands.common import require_notebook, stop


def doctor(
    as_json: Annotated[bool, typer.Option('--json', help='Print the same as JSON.')] = False,
    course: Annotated[
        Path | None,
        typer.Option(
            metavar='FOLDER',
            exists=True,
            help='What the pages of a course import, and is not here.',
        ),
    ] = None,
) -> None:
    """List the backends that work here, and how to repair those that do not.

    The exit status is 0 if at least one works, else 1. With --course: 0 if nothing is missing of
    what the pages import.
    """
    if course is None:
        from d2lite.doctor import report

        raise typer.Exit(report(as_json))
    require_notebook()
    from d2lite.console import console
    from d2lite.pages.course import packages
    from d2lite.pages.course.folder import course_in
    from d2lite.pages.course.survey import Survey

    try:
        survey = Survey.of(course_in(course))
    except ValueError as error:
        stop(str(error))
    if as_json:
        text, code = packages.as_json(survey)
        typer.echo(text)
    else:
        code = packages.print_missing(console(), survey)
    raise typer.Exit(code)
