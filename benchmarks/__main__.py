"""`python -m benchmarks`: how fast d2lite trains, against loops written by hand.

Side by side on every backend: d2lite; the best loop that we know; and the loop of the framework's
own tutorial. What to measure is chosen by the options at the end. Without any of them it is steady
epochs, later fits and first fits, as they come and with compile=True; on a GPU steady epochs only.
"""

import argparse
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import board, machine, measure, processes, report
from benchmarks.workloads import DEFAULTS, WORKLOADS
from d2lite import selection


def main(arguments: Sequence[str] | None = None) -> None:
    made = parser()
    options = made.parse_args(arguments)
    options.workload = options.workload or DEFAULTS[options.device]
    backends = [selection.canonical_name(name) for name in options.backend or []]
    for backend in backends:
        selection.require(backend)
    chosen = [name for name in SECTIONS if getattr(options, name)]
    if options.device == 'cpu':
        os.environ |= measure.NO_GPU
    elif problem := gpu_problem(backends, chosen):
        made.exit(2, problem + '\n')
    else:
        backends = backends or with_gpu()
    backends = backends or selection.available()
    if options.processes:
        return processes.compare(backends, options.processes, options.json)
    modes = [options.compile] if chosen or options.compile else [False, True]
    results = {'machine': machine.describe(backends)}
    for section in chosen or ['steady'] + ['later', 'first'] * (options.device == 'cpu'):
        results[section] = []
        for compile in modes:
            for backend in backends:
                for row in SECTIONS[section](backend, compile, options):
                    row |= {'backend': backend, 'compile': compile, 'device': options.device}
                    results[section].append(row)
                    keep(results, options.json)
    report.show(results)


def keep(results: dict, path: str | None) -> None:
    """Writes what is measured so far, so that an interrupted run is not lost."""
    results['machine']['load_after'] = machine.load()
    if path:
        Path(path).write_text(json.dumps(results, indent=1) + '\n')


def gpu_problem(backends: list[str], sections: list[str]) -> str:
    """Why this cannot be measured on a GPU, '' if it can."""
    for section in ('memory', 'board'):
        if section in sections:
            return f'--{section} is about the CPU: leave out --device gpu'
    if 'mxnet' in backends:
        return 'MXNet has no release for the GPUs of current CUDA: leave it out of --device gpu'
    without = [name for name in backends if not measure.fresh(measure.count_gpus, name)]
    if without:
        return f'{without[0]} finds no GPU here; d2lite doctor says what is missing'
    if not backends and not with_gpu():
        return 'No installed framework finds a GPU here; d2lite doctor says what is missing'
    return ''


@functools.cache
def with_gpu() -> list[str]:
    """The installed backends that find a GPU and can be measured there."""
    names = [name for name in selection.available() if name != 'mxnet']
    return [name for name in names if measure.fresh(measure.count_gpus, name)]


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
        times = measure.fresh(
            function, backend, WORKLOADS[name], compile, options.rounds or rounds, options.device
        )
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
    made.add_argument(
        '--device', choices=list(DEFAULTS), default='cpu', help='where to train; cpu by default'
    )
    made.add_argument(
        '--workload', nargs='+', choices=list(WORKLOADS), help='W1 to W6; on a GPU W1 to W8'
    )
    made.add_argument('--rounds', type=int, help='turns of each contender (7, of whole fits 3)')
    made.add_argument('--json', help='a file for all that was measured, written as it goes')
    made.add_argument('--compile', action='store_true', help='with compile=True')
    made.add_argument(
        '--processes', type=int, help='only: a step in one process, and in so many on the CPU'
    )
    for name, section in SECTIONS.items():
        made.add_argument(f'--{name}', action='store_true', help=section.__doc__)
    return made


if __name__ == '__main__':
    main()
