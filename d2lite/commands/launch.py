"""`d2lite launch`: runs a lesson as several processes, which train together."""

from pathlib import Path
from typing import Annotated

import typer

from d2lite.commands.common import require_notebook, split, stop


def launch(
    target: Annotated[Path, typer.Argument(metavar='SCRIPT_OR_PAGE', help='What to run.')],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar='ARGUMENTS', help='For the script; of a page, the options of d2lite run.'
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option('--processes', '-n', min=1, help='How many, on all machines together.')
    ] = 2,
    hosts: Annotated[
        list[str] | None,
        typer.Option(
            metavar='HOST,HOST',
            help='The machines; give the same command on each. [default: this one]',
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help='The first of the ports, the same everywhere. [default: free ones]'),
    ] = None,
    max_restarts: Annotated[
        int, typer.Option(min=0, help='How often to go on from the last checkpoint.')
    ] = 0,
    timeout: Annotated[
        float | None,
        typer.Option(min=1, help='Seconds until a process that does not answer is lost.'),
    ] = None,
    show_all: Annotated[
        bool, typer.Option('--show-all', help='Show what every process prints, with its rank.')
    ] = False,
) -> None:
    """Run a script or a page as several processes, which train as one.

    Each process runs all of it; the first one prints, draws and writes. The exit status is 0 if
    all have ended well, else that of the first that has failed, and 130 after Ctrl-C.
    """
    from d2lite.launching.environment import FIRST_PORT, Place, free_ports, this_host
    from d2lite.launching.launch import PAGES
    from d2lite.launching.launch import launch as start

    if not target.is_file():
        stop(f'{target} is not there: launch takes a script or a page')
    if target.suffix in PAGES:
        require_notebook()
    names = split(hosts) or ['127.0.0.1']
    if processes % len(names):
        stop(f'--processes {processes} cannot be spread evenly over {len(names)} hosts')
    count = 3 + processes // len(names)
    try:
        index = this_host(names) if len(names) > 1 else 0
    except ValueError as error:
        stop(str(error))
    if port is None and len(names) == 1:
        ports = free_ports(count)
    else:
        ports = tuple(range(port or FIRST_PORT, (port or FIRST_PORT) + count))
    place = Place(processes, tuple(names), index, ports)
    options = {'max_restarts': max_restarts, 'timeout': timeout, 'marked': show_all}
    raise typer.Exit(start(place, target, arguments or [], **options))
