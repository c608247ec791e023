"""The parts of a run, each a list of measurements made in processes of their own."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import machine, plotting
from benchmarks.contenders import COMPILED, DEFAULT

__all__ = ['SECTIONS', 'measure']

ROOT = Path(__file__).parent.parent
FIRST_FITS = 3  # of which the shortest counts
SIZES = [(n, d) for d in (10, 100, 1000) for n in (10_000, 100_000, 1_000_000)]
# 4 GB of data, of which a loop holds two copies for a while.
SIZES_LEFT_OUT = [(1_000_000, 1000)]
LARGE = (1_000_000, 100)


def measure(chosen, backends, options):
    """Runs the chosen sections; returns what goes into the JSON file."""
    results = {'machine': machine.describe(backends)}
    for name in chosen:
        results[name] = SECTIONS[name](backends, options)
    results['machine']['load_after'] = machine.load()
    return results


def steady(backends, options):
    """a steady epoch of d2lite, of the tutorial's loop and of the best one"""
    return _steady(backends, options, options.contenders or DEFAULT)


def compiled(backends, options):
    """the same with compile=True, against the best compiled loop"""
    return _steady(backends, options, options.contenders or COMPILED)


def _steady(backends, options, contenders):
    rows = []
    for workload in options.workloads:
        for backend in backends:
            task = {'kind': 'steady', 'backend': backend, 'workload': workload}
            task |= {'contenders': contenders, 'rounds': options.rounds}
            rows.append(run(task))
    return rows


def first(backends, options):
    """the first fit in a fresh process, compilation included"""
    rows = []
    for workload in options.workloads:
        for backend in backends:
            for contender in options.contenders or ['d2lite', 'tutorial']:
                task = {'kind': 'first', 'backend': backend, 'workload': workload}
                task['contender'] = contender
                found = [run(task) for _ in range(FIRST_FITS)]
                problems = [row for row in found if 'problem' in row['result']]
                shortest = min(found, key=lambda row: row['result'].get('wall', 0))
                rows.append(problems[0] if problems else shortest)
    return rows


def memory(backends, options):
    """peak memory of training on 1,000,000 x 100 numbers"""
    return [
        run({'kind': 'memory', 'backend': b, 'workload': 'W2', 'size': LARGE, 'contender': c})
        for b in backends
        for c in options.contenders or ['d2lite', 'best']
    ]


def scaling(backends, options):
    """time per example of W2 with 10 k to 1 M examples of 10 to 1,000 features"""
    rows = []
    for size in SIZES:
        if size in SIZES_LEFT_OUT:
            continue
        for backend in backends:
            task = {'kind': 'steady', 'backend': backend, 'workload': 'W2', 'size': size}
            contenders = options.contenders or ['d2lite', 'best', 'rows alone']
            rows.append(run(task | {'contenders': contenders, 'rounds': options.rounds}))
    return rows


def plot(backends, options):
    """what a notebook's board adds to W1"""
    return [plotting.measure(backend) for backend in backends]


SECTIONS = {
    'steady': steady,
    'compile': compiled,
    'first': first,
    'memory': memory,
    'scaling': scaling,
    'plotting': plot,
}


def run(task):
    """Makes a measurement in a fresh process, and returns the task with its result."""
    where = f'{task["backend"]} {task["workload"]} {task.get("size", "")}'
    print(f'{task["kind"]}: {where} {task.get("contender", "")}', file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'result.json')
        command = [sys.executable, '-m', 'benchmarks.child', json.dumps(task), str(path)]
        before = machine.load()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f'{where} failed:\n{done.stderr[-3000:]}')
        measured = json.loads(path.read_text())
    return task | measured | {'load': [before, machine.load()]}
