"""`python -m benchmarks`: how fast d2lite trains, against loops written by hand.

Side by side on every backend: d2lite; the best loop that we know; and the loop of the framework's
own tutorial. What to measure is chosen by the options at the end. Without any of them it is steady
epochs, later fits and first fits, as they come and with compile=True.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import board, machine, measure, report
from benchmarks.workloads import WORKLOADS
from d2lite import selection


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    backends = [selection.canonical_name(name) for name in options.backend or []]
    backends = backends or selection.available()
    for backend in backends:
        selection.require(backend)
    chosen = [name for name in SECTIONS if getattr(options, name)]
    modes = [options.compile] if chosen or options.compile else [False, True]
    results = {'machine': machine.describe(backends)}
    for section in chosen or ['steady', 'later', 'first']:
        results[section] = [
            {'backend': backend, 'compile': compile} | row
            for compile in modes
            for backend in backends
            for row in SECTIONS[section](backend, compile, options)
        ]
    results['machine']['load_after'] = machine.load()
    report.show(results)
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1) + '\n')


def steady(backend: str, compile: bool, options: argparse.Namespace) -> Iterator[dict]:
    """a steady epoch"""
    return compared(measure.steady_epochs, backend, compile, options, 7)


def later(backend: str, compile: bool, options: argparse.Namespace) -> Iterator[dict]:
    """the second fit in a process and those after it"""
    return compared(measure.later_fits, backend, compile, options, 3)


def first(backend: str, compile: bool, options: argparse.Namespace) -> Iterator[dict]:
    """the first fit in a process, compilation included"""
    return compared(measure.first_fits, backend, compile, options, 3)


def compared(
    function: Callable, backend: str, compile: bool, options: argparse.Namespace, rounds: int
) -> Iterator[dict]:
    for name in options.workload:
        say(function.__name__, backend, name, 'compile=True' * compile)
        times = measure.fresh(function, backend, WORKLOADS[name], compile, options.rounds or rounds)
        yield {'workload': name, 'times': times}


def memory(backend: str, compile: bool, options: argparse.Namespace) -> Iterator[dict]:
    """peak memory of training on 1,000,000 × 100 numbers"""
    for name in ('d2lite', 'best'):
        say('memory', backend, name)
        found = measure.fresh(measure.peak_memory, backend, compile, name)
        yield {'workload': 'W2', 'contender': name} | found


def drawing(backend: str, compile: bool, options: argparse.Namespace) -> Iterator[dict]:
    """what a notebook's board adds"""
    say('board', backend)
    for row in board.measure(backend, compile):
        yield {'workload': 'W1'} | row


SECTIONS = {'steady': steady, 'later': later, 'first': first, 'memory': memory, 'board': drawing}


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def parser():
    made = argparse.ArgumentParser(
        prog='python -m benchmarks',
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument('--backend', nargs='+', help='by default all that are installed')
    made.add_argument('--workload', nargs='+', choices=list(WORKLOADS), default=list(WORKLOADS))
    made.add_argument('--rounds', type=int, help='turns of each contender (7, of whole fits 3)')
    made.add_argument('--json', help='a file for all that was measured')
    made.add_argument('--compile', action='store_true', help='with compile=True')
    for name, section in SECTIONS.items():
        made.add_argument(f'--{name}', action='store_true', help=section.__doc__)
    return made


if __name__ == '__main__':
    main()
