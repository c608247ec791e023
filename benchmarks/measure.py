"""The measurements. Each is made in a process of its own, which `fresh` starts.

A steady epoch. All contenders live in one process and take turns, in another order each round, so
that a busy minute of the machine falls on all of them. A turn is a fit of as many epochs as take
about a fifth of a second, after all have been warmed up; what counts is the mean of its epochs.

A later fit. The contenders take turns in the same way. A turn is what running a cell again does:
the loop is defined anew, and so are its compiled functions; the model is built, and trained for the
epochs of the workload. The first fit of each is not counted.

A first fit. Each is a turn of the same kind, in a process that has imported everything and done
nothing else; what a compiler keeps on disk is not there.

A ratio is the median over the rounds of the ratios within a round: the two were measured side by
side, so what the machine did then cancels out, and the median leaves out the round in which it did
something to one of them only. CPU time is that of all threads.

On a GPU it is wall time that counts. Every contender waits for the GPU at the end of each epoch.
"""

import importlib
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from benchmarks.workloads import LARGE, SMALL, Workload

__all__ = ['NAMES', 'NO_GPU', 'clocks', 'contenders', 'count_gpus', 'elapsed']
__all__ += ['first_fits', 'fresh', 'later_fits', 'median', 'peak_memory', 'ratio']
__all__ += ['steady_epochs', 'steady_turn', 'take_turns']

NAMES = ['d2lite', 'best', 'tutorial']

# PyTorch and MXNet compute with OpenMP. Its threads spin while they wait for each other, which is
# counted as CPU time, and where other processes run it has been ten times as much as the work.
ENVIRONMENT = {'OMP_NUM_THREADS': '1', 'TF_CPP_MIN_LOG_LEVEL': '3'}

# JAX and TensorFlow take a GPU unasked, in loops by hand too.
NO_GPU = {'CUDA_VISIBLE_DEVICES': '-1', 'JAX_PLATFORMS': 'cpu'}


def fresh(function: Callable, *arguments):
    """The result of a function of this package, called in a process of its own."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)  # the process takes it over
    spawn = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(function, *arguments).result()


def count_gpus(backend: str) -> int:
    """How many GPUs the framework can use."""
    from d2lite import selection

    return selection.load(backend).num_gpus()


def contenders(backend: str, compile: bool, device: str = 'cpu') -> dict[str, Callable]:
    """By name: what makes the contender of a workload, data and initial parameters.

    `device`: 'cpu' or 'gpu'. The loops are defined anew by each call.
    """
    from benchmarks.loops_d2lite import D2Lite

    name = f'benchmarks.loops_{backend}' + '_gpu' * (device == 'gpu')
    loops = importlib.reload(importlib.import_module(name))
    ours = partial(D2Lite, backend, compile or None, int(device == 'gpu'))
    best = loops.Compiled if compile else loops.Best
    return dict(zip(NAMES, [ours, best, loops.Tutorial], strict=True))


def steady_epochs(
    backend: str, workload: Workload, compile: bool, rounds: int, device: str = 'cpu'
) -> dict:
    """Seconds of a steady epoch; see `take_turns`."""
    factories = contenders(backend, compile, device)
    prepare = {name: partial(steady_turn, factories[name], workload) for name in NAMES}
    return take_turns(prepare, rounds)


def steady_turn(factory: Callable, workload: Workload, seconds: float = 0.2) -> Callable:
    """Warms a contender up, and returns a turn of it, epochs of about `seconds` altogether."""
    party = factory(workload, workload.data(), workload.parameters())
    return partial(epochs, party, warm_up(party, seconds))


def later_fits(
    backend: str, workload: Workload, compile: bool, rounds: int, device: str = 'cpu'
) -> dict:
    """Seconds of a fit after the first one of its kind in this process; see `take_turns`."""

    def prepare(name):
        fit = partial(whole_fit, backend, workload, compile, device, name)
        fit()
        return fit

    return take_turns({name: partial(prepare, name) for name in NAMES}, rounds)


def first_fits(
    backend: str, workload: Workload, compile: bool, rounds: int, device: str = 'cpu'
) -> dict:
    """Seconds of the first fit in a process, each in one of its own; see `take_turns`."""

    def prepare(name):
        return partial(fresh, first_fit, backend, workload, compile, device, name)

    return take_turns({name: partial(prepare, name) for name in NAMES}, rounds)


def first_fit(*arguments):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ['TORCHINDUCTOR_CACHE_DIR'] = folder  # an empty one
        return whole_fit(*arguments)


def whole_fit(backend, workload, compile, device, name):
    """CPU and wall seconds from the arrays of NumPy to the end of a fit."""
    factory = contenders(backend, compile, device)[name]
    data, parameters = workload.data(), workload.parameters()
    start = clocks()
    factory(workload, data, parameters).fit(workload.epochs)
    return elapsed(start, clocks())


def take_turns(prepare: dict[str, Callable], rounds: int) -> dict:
    """By contender: seconds in each round, 'cpu' and 'wall', or why it takes no part, 'problem'.

    `prepare`: by contender, a function that returns what makes a turn.
    """
    found, turns = {name: {'cpu': [], 'wall': []} for name in prepare}, dict(prepare)
    for turn in range(-1, rounds):  # the turn before the first prepares
        start = turn % len(turns)
        for name in list(turns)[start:] + list(turns)[:start]:
            try:
                result = turns[name]()
            except Exception as error:  # that one cannot take part; the others can
                found[name] = {'problem': f'{type(error).__name__}: {error}'.split('\n')[0]}
                del turns[name]
                continue
            if turn == -1:
                turns[name] = result
            else:
                for clock, seconds in zip(('cpu', 'wall'), result, strict=True):
                    found[name][clock].append(seconds)
    return found


def warm_up(party, seconds):
    """Trains until nothing is compiled any more; returns how many epochs fill a turn."""
    _, epoch = epochs(party, 1)
    while epoch < 1:
        # The second time without compiling; then as often as tells how long an epoch is.
        count = max(2, min(300, round(seconds / epoch / 4)))
        _, again = epochs(party, count)
        settled = again > 0.7 * epoch
        epoch = again
        if settled:
            break
    return max(1, min(500, round(seconds / epoch)))


def epochs(party, count):
    """CPU and wall seconds of one epoch, the mean of `count` of them."""
    stamps = []
    party.fit(party.untimed_epochs + count, lambda: stamps.append(clocks()))
    cpu, wall = elapsed(stamps[-1 - count], stamps[-1])
    return cpu / count, wall / count


def clocks() -> tuple[float, float]:
    """CPU and wall seconds up to now."""
    return time.process_time(), time.perf_counter()


def elapsed(start, end):
    return end[0] - start[0], end[1] - start[1]


def median(times: dict, name: str, clock: str = 'cpu') -> float | None:
    """The median over the rounds, None if the contender took no part."""
    seconds = times.get(name, {}).get(clock)
    return statistics.median(seconds) if seconds else None


def ratio(times: dict, one: str, other: str, clock: str = 'cpu') -> float | None:
    """The median of the ratios within a round, None if one of them took no part."""
    seconds = [times.get(name, {}).get(clock) for name in (one, other)]
    if not all(seconds):
        return None
    return statistics.median(a / b for a, b in zip(*seconds, strict=True))


def peak_memory(backend: str, compile: bool, name: str) -> dict[str, int]:
    """Bytes of the training data, and the most that training takes, they included.

    Counted from what the process takes after it has trained on few examples, so that libraries
    and compiled code are not counted. The NumPy arrays are gone by then unless they are kept.
    """
    factory = contenders(backend, compile)[name]
    factory(SMALL, SMALL.data(), SMALL.parameters()).fit(2)
    before = resident_bytes('VmRSS')
    data, parameters = LARGE.data(), LARGE.parameters()
    num_bytes = data.X.nbytes + data.y.nbytes
    party = factory(LARGE, data, parameters)
    del data
    with open('/proc/self/clear_refs', 'w') as file:
        file.write('5')  # the high-water mark starts anew
    party.fit(2)
    return {'data': num_bytes, 'peak': resident_bytes('VmHWM') - before}


def resident_bytes(field):
    with open('/proc/self/status') as file:
        for line in file:
            if line.startswith(field + ':'):
                return int(line.split()[1]) * 1024
    raise OSError(f'/proc/self/status has no {field}')
