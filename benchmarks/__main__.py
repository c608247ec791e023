"""`python -m benchmarks`: how fast d2lite trains, against loops written by hand.

Side by side on every backend: d2lite; the best loop that we know; and the loop of the framework's
own tutorial. Without an option that names a part it measures steady epochs, later fits and first
fits, as they come and with compile=True.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import board, machine, measure, report
from benchmarks.workloads import WORKLOADS
from d2lite import selection

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # TensorFlow then prints less


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
        results[section] = rows = []
        for compile in modes:
            for backend in backends:
                where = {'backend': backend, 'compile': compile}
                for found in SECTIONS[section](backend, compile, options):
                    rows.append(where | found)
        if section in ('steady', 'later', 'first'):
            rows.sort(key=lambda row: row['workload'])
    results['machine']['load_after'] = machine.load()
    report.show(results)
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1) + '\n')


def steady(backend, compile, options):
    """a steady epoch"""
    for name in options.workload:
        yield compared(measure.steady_epochs, backend, name, compile, options.rounds or 7)


def later(backend, compile, options):
    """the second fit in a process and those after it"""
    for name in options.workload:
        yield compared(measure.later_fits, backend, name, compile, options.rounds or 3)


def first(backend, compile, options):
    """the first fit in a process, compilation included"""
    for workload in options.workload:
        times = {}
        for _ in range(options.rounds or 3):
            for name in measure.NAMES:
                row = compared(measure.first_fit, backend, workload, compile, name)
                for clock, seconds in row['times'][name].items():
                    found = times.setdefault(name, {})
                    found[clock] = found.get(clock, type(seconds)()) + seconds
        yield row | {'times': times}


def memory(backend, compile, options):
    """peak memory of training on 1,000,000 × 100 numbers"""
    for name in ('d2lite', 'best'):
        say('memory', backend, name)
        yield measure.fresh(measure.peak_memory, backend, name) | {
            'workload': 'W2',
            'contender': name,
        }


def on_board(backend, compile, options):
    """what a notebook's board adds"""
    say('board', backend)
    for row in board.measure(backend):
        yield row | {'workload': 'W1'}


SECTIONS = {
    'steady': steady,
    'later': later,
    'first': first,
    'memory': memory,
    'board': on_board,
}


def compared(function, backend, workload, compile, argument):
    say(function.__name__, backend, workload, 'compile=True' * compile)
    times = measure.fresh(function, backend, WORKLOADS[workload], compile, argument)
    return {'workload': workload, 'times': times}


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
