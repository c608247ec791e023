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
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from d2lite.saving.storage import pack, unpack
from d2lite.training.distributed_errors import (
    ProcessesLost,
    in_one_sentence,
    joining,
    lost,
    sentence,
    timeout,
)

__all__ = ['ALONE', 'Processes', 'ProcessesLost', 'announced_by', 'join', 'joining', 'lost']
__all__ += ['sentence', 'share', 'timeout']

# What `d2lite launch` sets, beside what each engine reads.
SIZE, RANK = 'D2LITE_PROCESSES', 'D2LITE_RANK'

# Said once, where an engine cannot have the statistics of the whole minibatch.
OWN_STATISTICS = (
    'batch normalisation: each process takes means and variances of its own share of a minibatch, '
    'so that the results differ from those of one process'
)

_joined: dict[str, 'Processes'] = {}  # by engine: what was joined in this process


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
            in_one_sentence()
        _joined[engine.__name__] = engine.Processes() if engine.announced() > 1 else ALONE
    return _joined[engine.__name__]


def _to_bytes(state: Any) -> bytes:
    arrays, packed = pack(state)
    file = io.BytesIO()
    np.savez(file, **arrays, packed=np.array(json.dumps(packed)))
    return file.getvalue()


def _from_bytes(data: bytes) -> Any:
    with np.load(io.BytesIO(data)) as arrays:
        return unpack(arrays, json.loads(str(arrays['packed'])))
