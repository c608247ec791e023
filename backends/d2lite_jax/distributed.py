"""Several processes and devices on JAX: one program on a mesh of all devices.

Each process calls the same program, with arrays that lie on the devices of all of them. A minibatch
is divided between the devices; that a mean over it is now a sum over devices, XLA sees by itself.
"""

import atexit
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import jax
import numpy as np

from d2lite.training import distributed
from d2lite.training.distributed import announced_by, joining, lost, timeout
from d2lite_jax.mesh import DeviceMesh

if TYPE_CHECKING:
    from d2lite_jax.trainer import Trainer

STRATEGIES = ('auto', 'fsdp')
ADDRESS = 'JAX_COORDINATOR_ADDRESS'  # JAX's own variable; for the others it has none


def announced() -> int:
    """The number of processes that who started this one has announced."""
    return announced_by(distributed.SIZE)


def devices_here(trainer: 'Trainer') -> int:
    """The number of devices that one process can train on."""
    return len(jax.local_devices(backend=platform(trainer)))


def platform(trainer: 'Trainer') -> str:
    """What the trainer trains on: 'gpu' or 'cpu'."""
    gpus = trainer.find_gpus() if trainer.num_gpus else ()
    return gpus[0].platform if gpus else 'cpu'


class Processes(distributed.Processes):
    """The processes that `jax.distributed.initialize` joins."""

    is_lost = False  # whether another one is gone

    def __init__(self) -> None:
        self.rank, self.size = announced_by(distributed.RANK, 0), announced()
        self.local_rank = announced_by('LOCAL_RANK', 0)
        seconds, several_here = int(timeout()), announced_by('LOCAL_WORLD_SIZE') > 1
        # JAX's own service would take SIGTERM for a notice, by which a launcher ends processes.
        jax.config.update('jax_enable_preemption_service', False)
        with joining(self.rank, self.size), self.lost():
            jax.distributed.initialize(
                os.environ.get(ADDRESS),
                self.size,
                self.rank,
                [self.local_rank] if several_here else None,
                initialization_timeout=2 * seconds,  # for then JAX aborts
                heartbeat_timeout_seconds=seconds,
                shutdown_timeout_seconds=seconds,
            )
            firsts = [
                next(device for device in jax.devices() if device.process_index == rank)
                for rank in range(self.size)
            ]
            self.mesh = DeviceMesh(firsts)
            self.wait()
        atexit.register(self.close)

    def sum(self, numbers: np.ndarray) -> np.ndarray:
        return self.rows(np.ravel(numbers)).sum(axis=0).reshape(np.shape(numbers))

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        # As integers: without jax_enable_x64 JAX has no float64.
        bits = np.array(numbers, np.float64, ndmin=1).view(np.uint32)
        with self.lost():
            return np.asarray(self.mesh.stacked(bits)).view(np.float64)

    def close(self) -> None:
        if self.is_lost:  # JAX would wait for them at its own end, and then abort
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)

    def lost(self) -> contextlib.AbstractContextManager:
        return lost(self.rank, self.size, self._tells_of_loss)

    def _tells_of_loss(self, error):
        # It comes as JaxRuntimeError and as ValueError, depending on where it is noticed.
        words = ('Gloo', 'NCCL', 'UNAVAILABLE', 'DEADLINE_EXCEEDED')
        self.is_lost = self.is_lost or any(word in str(error) for word in words)
        return self.is_lost


@contextlib.contextmanager
def on_all_devices(trainer: 'Trainer') -> Iterator[None]:
    """Within this context a trainer computes on all devices that train together, if not on one.

    Afterwards each process has the state of the training for itself, since a lesson may do
    something in one of them only.
    """
    if not trainer.trains_together:
        yield
        return
    size, kind = trainer.processes.size, platform(trainer)
    each = trainer.num_devices // size if trainer.num_devices else devices_here(trainer)
    by_rank = [
        [device for device in jax.devices(kind) if device.process_index == rank][:each]
        for rank in range(size)
    ]
    trainer.mesh = DeviceMesh(sum(by_rank, []), trainer.strategy)
    try:
        yield
    finally:
        mesh, trainer.mesh = trainer.mesh, None
        if hasattr(trainer, 'state'):
            trainer.state = mesh.local(trainer.state)


def prepare(trainer: 'Trainer') -> None:
    """Has all processes begin with the parameters of the first, as the strategy has them."""
    state, processes = trainer.mesh.everywhere(trainer.state), trainer.processes
    if processes.size > 1:
        state = jax.tree.map(lambda leaf: processes.mesh.stacked(np.asarray(leaf))[0], state)
    trainer.state = trainer.mesh.state(state)
