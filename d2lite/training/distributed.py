"""Several processes that train one model: what is the same for every engine.

Each process runs the whole lesson. Of a minibatch it computes with its share of the rows; gradients
and metrics are then summed over the processes, each with the weight of its share. So the result is
that of one process. Every process does the same things in the same order; the first one, of rank 0,
alone draws, prints and writes.

What a framework sends from process to process, and how, is in the file of this name of a backend.
"""

import contextlib
import io
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from d2lite.saving.storage import pack, unpack

__all__ = ['ALONE', 'Processes', 'ProcessesLost', 'announced_by', 'join', 'share', 'timeout']

# What `d2lite launch` sets, beside what each engine reads.
SIZE, RANK, TIMEOUT = 'D2LITE_PROCESSES', 'D2LITE_RANK', 'D2LITE_TIMEOUT'

# Said once, where an engine cannot have the statistics of the whole minibatch.
OWN_STATISTICS = (
    'batch normalisation: each process takes means and variances of its own share of a minibatch, '
    'so that the results differ from those of one process'
)

_joined: dict[str, 'Processes'] = {}  # by engine: what was joined in this process


class ProcessesLost(RuntimeError):
    """The other processes cannot be reached: one has died, or has never been there."""


class Processes:
    """The processes that train together; this class is one that is alone.

    `rank`: the number of this process, from 0; `size`: how many there are. `local_rank`: the number
    among those of this machine. `takes_shares`: whether each computes with its own rows of a
    minibatch; where an engine splits batches by itself, it is given whole ones, and what a step
    plots is of the whole batch.
    """

    rank = local_rank = 0
    size = 1
    takes_shares = False

    def sum(self, numbers: np.ndarray) -> np.ndarray:
        """The sums over all processes of an array (float64) of the same shape in each."""
        return numbers

    def close(self) -> None:
        """Takes leave of the others, at the end of the process."""

    def lost(self) -> contextlib.AbstractContextManager:
        """A context in which the engine's errors for lost processes become ProcessesLost."""
        return contextlib.nullcontext()

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """The arrays (n,) of all processes, as rows (size, n)."""
        table = np.zeros((self.size, len(numbers)))
        table[self.rank] = numbers
        return self.sum(table)

    def any(self, flag: bool) -> bool:
        """Returns True if `flag` is true in one of the processes."""
        return bool(flag) if self.size == 1 else bool(self.sum(np.array([float(flag)]))[0])

    def longest(self, seconds: float) -> float:
        """The largest of the times that the processes have measured."""
        return seconds if self.size == 1 else float(self.rows(np.array([seconds])).max())

    def wait(self) -> None:
        """Waits for the others to come as far as this."""
        self.sum(np.zeros(1))

    def all_of(self, state: Any) -> list:
        """The `state` of each process, by rank: plain values and arrays, in dicts and lists."""
        data = np.frombuffer(_to_bytes(state), np.uint8)
        lengths = self.rows(np.array([len(data)])).astype(int)[:, 0]
        padded = np.zeros(lengths.max())
        padded[: len(data)] = data
        rows = self.rows(padded).astype(np.uint8)
        return [_from_bytes(row[:n].tobytes()) for row, n in zip(rows, lengths, strict=True)]

    def on_first(self, function: Callable[[], Any]) -> None:
        """Calls `function` in the first process; the others wait for it, and fail if it fails."""
        error = None
        if self.rank == 0:
            try:
                function()
            except Exception as raised:
                error = raised
        failed = self.any(error is not None)
        if error is not None:
            raise error
        if failed:
            raise RuntimeError('the process of rank 0 has failed; its own error says why')

    def share(self, num_rows: int) -> tuple[slice, float]:
        """The rows of this process in a minibatch, and the weight of their mean."""
        return share(num_rows, self.rank, self.size)


ALONE = Processes()


def share(num_rows: int, index: int, count: int) -> tuple[slice, float]:
    """The share number `index` of `count`: its rows in a minibatch, and the weight of their mean.

    Shares differ by one row at most. A minibatch with fewer rows than there are shares is computed
    whole by all, for all have to take part.
    """
    if num_rows < count:
        return slice(0, num_rows), 1 / count
    start, stop = num_rows * index // count, num_rows * (index + 1) // count
    return slice(start, stop), (stop - start) / num_rows


def timeout() -> float:
    """The seconds after which a process that does not answer counts as lost; see D2LITE_TIMEOUT."""
    return float(os.environ.get(TIMEOUT, 60))


def announced_by(variable: str, default: int = 1) -> int:
    """The number in an environment variable, such as that of the processes."""
    value = os.environ.get(variable, '')
    return int(value) if value.isdigit() else default


def join(engine: ModuleType) -> Processes:
    """The processes that were started together with this one; ALONE if none were.

    `engine`: a backend's module `distributed`. Waits for the others when it is called first.
    Raises ProcessesLost if they do not come.
    """
    if engine.__name__ not in _joined:
        if engine.announced() > 1:
            _in_one_sentence()
        _joined[engine.__name__] = engine.Processes() if engine.announced() > 1 else ALONE
    return _joined[engine.__name__]


@contextlib.contextmanager
def lost(rank: int, size: int, tells: Callable[[Exception], bool]) -> Iterator[None]:
    """Turns errors into ProcessesLost; `tells(error)`: whether an error tells of a lost process."""
    try:
        yield
    except ProcessesLost:
        raise
    except Exception as error:
        if not tells(error):
            raise
        raise ProcessesLost(sentence(rank, size)) from error


@contextlib.contextmanager
def joining(rank: int, size: int) -> Iterator[None]:
    """Ends this process with one sentence if the others do not come in time.

    For an engine that aborts within its own code, with pages that say less.
    """

    def give_up():
        print(f'{ProcessesLost.__name__}: {sentence(rank, size)}', file=sys.stderr, flush=True)
        os._exit(1)

    timer = threading.Timer(timeout(), give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def sentence(rank: int, size: int) -> str:
    """The sentence by which a process tells that it cannot reach the others."""
    return (
        f'rank {rank} cannot reach the other processes ({size} in all): one of them has ended, was '
        f'not started, or has not answered for {timeout():g} seconds (D2LITE_TIMEOUT)'
    )


def _in_one_sentence() -> None:
    """Has Python tell of lost processes without a traceback: where it was noticed says nothing."""
    before = sys.excepthook

    def hook(kind, error, traceback):
        if issubclass(kind, ProcessesLost):
            print(f'{kind.__name__}: {error}', file=sys.stderr)
        else:
            before(kind, error, traceback)

    sys.excepthook = hook


def _to_bytes(state: Any) -> bytes:
    arrays, packed = pack(state)
    file = io.BytesIO()
    np.savez(file, **arrays, packed=np.array(json.dumps(packed)))
    return file.getvalue()


def _from_bytes(data: bytes) -> Any:
    with np.load(io.BytesIO(data)) as arrays:
        return unpack(arrays, json.loads(str(arrays['packed'])))
