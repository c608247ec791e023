"""Several processes on MXNet: its kvstore."""

from typing import TYPE_CHECKING

from d2lite.training import distributed
from d2lite.training.distributed import announced_by

if TYPE_CHECKING:
    from d2lite_mxnet.trainer import Trainer

STRATEGIES = ('auto',)


def announced() -> int:
    """The number of processes that who started this one has announced."""
    return announced_by(distributed.SIZE)


def devices_here(trainer: 'Trainer') -> int:
    """The number of devices that one process can train on."""
    return 1


class Processes(distributed.Processes):
    def __init__(self) -> None:
        raise NotImplementedError('training on several processes is not there yet on MXNet')


def prepare(trainer: 'Trainer') -> None:
    """Has all processes begin with the parameters of the first."""
    raise NotImplementedError('training on several processes is not there yet on MXNet')
