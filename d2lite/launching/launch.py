"""Starts a script or a page as several processes, again if one of them fails."""

import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from d2lite.launching.environment import Place, environment
from d2lite.launching.workers import Worker, Workers, ended_by

__all__ = ['RESTART', 'command_for', 'launch']

RESTART, LAUNCHED = 'D2LITE_RESTART', 'D2LITE_LAUNCHED'
PAGES = ('.md', '.qmd', '.ipynb')
# What `d2lite run` writes, which the first process does alone; and whether a value follows.
OF_THE_FIRST = {'--to': 1, '--output': 1, '--report': 1, '--junit': 1}
OF_THE_FIRST |= {'--index': 0, '--resume': 0, '--json': 0, '--force': 0}


def launch(place: Place, target: Path, arguments: Sequence[str], **options: object) -> int:
    """Runs a script or a page in the processes of `place`; returns an exit status.

    `options`: `max_restarts`, how often all are started again after one has failed; `timeout`,
    seconds after which a process that does not answer counts as lost; `marked`, whether the output
    of other processes than the first is shown.
    """
    seed = os.environ.get('D2LITE_SEED') or str(random.SystemRandom().randrange(2**31))
    shared = {'D2LITE_SEED': seed, LAUNCHED: str(time.time())}
    if options.get('timeout') is not None:
        shared['D2LITE_TIMEOUT'] = f'{options["timeout"]:g}'
    restarts = options.get('max_restarts', 0)
    for attempt in range(restarts + 1):
        workers = Workers(
            [
                Worker(
                    rank,
                    command_for(target, arguments, rank),
                    environment(place, rank) | shared | {RESTART: str(attempt)},
                    bool(options.get('marked')),
                )
                for rank in place.ranks
            ]
        )
        code = workers.watch()
        failed = workers.first_to_fail
        if code in (0, 130) or failed is None:
            return code
        tell(failed, workers.failed_after, restarts - attempt)
    return code


def command_for(target: Path, arguments: Sequence[str], rank: int) -> list[str]:
    """The command of one process: Python for a script, `d2lite run` for a page."""
    if target.suffix not in PAGES:
        return [sys.executable, str(target), *arguments]
    run = [sys.executable, '-m', 'd2lite', 'run', str(target)]
    if rank == 0:
        return [*run, *arguments]
    kept, left = [], 0
    for argument in arguments:
        name, _, value = argument.partition('=')
        if left:
            left -= 1
        elif name in OF_THE_FIRST:
            left = 0 if value else OF_THE_FIRST[name]
        else:
            kept.append(argument)
    return [*run, *kept, '--quiet']


def tell(failed: Worker, seconds: float, restarts_left: int) -> None:
    """Says on stderr which process has failed, and what it said last."""
    for line in [] if failed.marked else failed.last_lines:
        print(f'[{failed.rank}] {line}', end='', file=sys.stderr)
    then = 'all are started again' if restarts_left else 'the others were ended'
    print(f'd2lite: {ended_by(failed, seconds)}; {then}.', file=sys.stderr, flush=True)
