"""Several processes on MXNet: a kvstore of kind `dist_sync`, used for sums and nothing else.

    DMLC_ROLE=worker DMLC_PS_ROOT_URI=... python lesson.py, or d2lite launch --processes 2 lesson.py

Beside the workers there are a scheduler, which they meet at, and servers, which add up. Where
`d2lite launch` has started the workers, the first of them starts these two; they end with it.
"""

import atexit
import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as onp
from mxnet import kv, np
from mxnet.gluon import nn

from d2lite.console import warn
from d2lite.training import distributed
from d2lite.training.distributed import announced_by, joining
from d2lite_mxnet.framework import seed  # noqa: F401
from d2lite_mxnet.module import plain_arrays

if TYPE_CHECKING:
    from d2lite_mxnet.trainer import Trainer

STRATEGIES = ('auto',)
STATISTICS = ('running_mean', 'running_var')


def announced() -> int:
    """The number of processes that who started this one has announced."""
    return announced_by('DMLC_NUM_WORKER', announced_by(distributed.SIZE))


def devices_here(trainer: 'Trainer') -> int:
    """The number of devices that one process can train on."""
    return 1


class Processes(distributed.Processes):
    """The workers of a kvstore.

    It numbers them in the order in which they come. With `d2lite launch` they have its numbers.
    """

    takes_shares = True

    def __init__(self) -> None:
        self.helpers, self.keys = [], {}
        if 'DMLC_ROLE' not in os.environ:
            os.environ |= {'DMLC_NUM_WORKER': str(announced()), 'DMLC_NUM_SERVER': '1'}
            if os.environ[distributed.RANK] == '0':
                self.helpers = [self.start_helper(role) for role in ('scheduler', 'server')]
            os.environ['DMLC_ROLE'] = 'worker'
        with self.limited():
            self.store = kv.create('dist_sync')
        self.size = self.store.num_workers
        self.rank = announced_by(distributed.RANK, self.store.rank)
        self.local_rank = announced_by('LOCAL_RANK', 0)
        atexit.register(self.close)

    @staticmethod
    def start_helper(role: str) -> subprocess.Popen:
        """A process that is the scheduler, or a server; it never comes past the import."""
        return subprocess.Popen(
            [sys.executable, '-c', 'from d2lite import mxnet'], env=os.environ | {'DMLC_ROLE': role}
        )

    def sum(self, numbers: onp.ndarray) -> onp.ndarray:
        array = np.array(numbers, dtype='float64')
        with self.limited():
            self.add_up('numbers', array)
            return array.asnumpy()

    def add_up(self, name: str, array: np.ndarray) -> None:
        """Puts the sum over all processes into `array`. The key is of `name`, shape and type."""
        if array.dtype == onp.float64:
            array[:] = self.add_up_exactly(name, array.asnumpy())
            return
        key = name, array.shape, array.dtype
        if key not in self.keys:
            self.keys[key] = len(self.keys)
            self.store.init(self.keys[key], np.zeros_like(array))
        self.store.pushpull(self.keys[key], array, out=array)

    def add_up_exactly(self, name: str, values: onp.ndarray) -> np.ndarray:
        """The sums of arrays of float64, which a kvstore would add up in float32.

        Each process has places of its own for its numbers, so that 0 alone is added to them, and
        three numbers of float32 hold all digits of one of float64.
        """
        parts, rest = onp.zeros((self.size, 3, *values.shape), onp.float32), values
        for part in parts[self.rank]:
            part[...] = rest
            rest = onp.where(onp.isfinite(part), rest - part, 0)
        table = np.array(parts)
        self.add_up(name, table)
        return np.array(table.asnumpy().sum(axis=(0, 1), dtype=onp.float64), dtype='float64')

    def limited(self) -> contextlib.AbstractContextManager:
        """Ends the process if what is done in this context takes too long: MXNet waits for ever."""
        return joining(self.rank, announced(), self.end_helpers)

    def close(self) -> None:
        if hasattr(sys, 'last_value'):  # after an error MXNet would wait for the others here
            sys.stdout.flush(), sys.stderr.flush()
            self.end_helpers()
            os._exit(1)
        self.store = None  # all leave together, and the helpers after them
        self.end_helpers(seconds=5)

    def end_helpers(self, seconds: float = 0) -> None:
        """Ends the scheduler and the server, if they have not ended after so many seconds."""
        for helper in self.helpers:
            try:
                helper.wait(seconds)
            except subprocess.TimeoutExpired:
                helper.kill()


def prepare(trainer: 'Trainer') -> None:
    """Has all processes begin with the parameters of the first."""
    trainer.serialization.build(trainer, trainer.first_batch())  # deferred parameters
    arrays = [param.data() for param in nn.Block.collect_params(trainer.model).values()]
    take_first(trainer, [*arrays, *(array for _, array in plain_arrays(trainer.model))])
    if trainer.rank == 0 and statistics_of(trainer.model):
        warn(distributed.OWN_STATISTICS)


def take_first(trainer: 'Trainer', arrays: Sequence[np.ndarray]) -> None:
    """Gives arrays the values that they have in the first process."""
    for index, array in enumerate(arrays):
        values = array if trainer.rank == 0 else np.zeros_like(array)
        total = values.copy()
        trainer.processes.add_up(f'first {index}', total)
        array[:] = total


def sum_gradients(trainer: 'Trainer') -> None:
    """Replaces the gradients of the shares by their sums, those of the whole minibatch."""
    params = nn.Block.collect_params(trainer.model).values()
    grads = [param.grad() for param in params if param.grad_req != 'null']
    grads += [array.grad for _, array in plain_arrays(trainer.model)]
    for index, grad in enumerate(grads):
        trainer.processes.add_up(f'gradient {index}', grad)


def statistics_of(model: nn.Block) -> list[np.ndarray]:
    """The running statistics of batch normalisations."""
    params = nn.Block.collect_params(model).items()
    return [param.data() for name, param in params if name.endswith(STATISTICS)]
