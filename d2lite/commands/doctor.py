"""`d2lite doctor`: the state of the backends."""

from typing import Annotated

import typer


def doctor(
    as_json: Annotated[
        bool, typer.Option('--json', help='Print the state of the backends as JSON.')
    ] = False,
) -> None:
    """List the backends that work here, and how to repair those that do not.

    The exit status is 0 if at least one works, else 1.
    """
    from d2lite.doctor import report

    raise typer.Exit(report(as_json))
