"""Several processes on NNX: there is one only."""

from typing import TYPE_CHECKING

from d2lite.training import distributed
from d2lite.training.distributed import announced_by

if TYPE_CHECKING:
    from d2lite_nnx.trainer import Trainer

STRATEGIES = ('auto',)


def announced() -> int:
    """The number of processes that who started this one has announced."""
    return announced_by(distributed.SIZE)


def devices_here(trainer: 'Trainer') -> int:
    """The number of devices that one process can train on."""
    return 1


class Processes(distributed.Processes):
    def __init__(self) -> None:
        raise NotImplementedError(
            'on nnx a training has one process: take jax to train on several, or start one'
        )


def prepare(trainer: 'Trainer') -> None:
    """Nothing to do: there is one process."""
