"""Several processes on PyTorch: torch.distributed, with DistributedDataParallel over the step.

    torchrun --nproc-per-node 2 lesson.py, or d2lite launch --processes 2 lesson.py

On GPUs gradients go by NCCL, one GPU a process; what Python has to know goes by gloo.
"""

import atexit
import contextlib
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from d2lite.console import warn
from d2lite.training import distributed
from d2lite.training.distributed import announced_by, lost, timeout
from d2lite_torch.framework import seed  # noqa: F401
from d2lite_torch.module import plain_tensors
from d2lite_torch.sharding import shard

if TYPE_CHECKING:
    from d2lite_torch.trainer import Trainer

STRATEGIES = ('auto', 'fsdp')
# Why no step is compiled.
SUMS_ON_THE_WAY = (
    'DistributedDataParallel sums the gradients of all processes while it goes back from the loss, '
    'and a compiled step is a function that gives gradients when it is done'
)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def announced() -> int:
    """The number of processes that torchrun, or who else started this one, has announced."""
    return announced_by('WORLD_SIZE')


def devices_here(trainer: 'Trainer') -> int:
    """The number of devices that one process can train on."""
    return 1


class Processes(distributed.Processes):
    """The processes of torch.distributed, which reads RANK, WORLD_SIZE, MASTER_ADDR and so on."""

    takes_shares = True

    def __init__(self) -> None:
        self.rank, self.size = announced_by('RANK', 0), announced()
        self.local_rank = announced_by('LOCAL_RANK', 0)
        backend = 'gloo'
        if torch.cuda.is_available():
            torch.cuda.set_device(self.local_rank)
            backend = 'cpu:gloo,cuda:nccl'
        with self.lost():
            dist.init_process_group(backend, timeout=timedelta(seconds=timeout()))
        atexit.register(self.close)

    def sum(self, numbers: np.ndarray) -> np.ndarray:
        sums = torch.from_numpy(np.array(numbers, np.float64))
        with self.lost():
            dist.all_reduce(sums)
        return sums.numpy()

    def close(self) -> None:
        if dist.is_initialized():
            dist.destroy_process_group()
            # A thread of gloo may be about to let go of the tensor that it has sent last, for which
            # it has to wait for Python. If Python ends before, PyTorch aborts.
            time.sleep(0.1)

    def lost(self) -> contextlib.AbstractContextManager:
        return lost(self.rank, self.size, _tells_of_loss)


class Step(nn.Module):
    """The training step as a module: DistributedDataParallel watches a `forward`, loss included."""

    def __init__(self, trainer: 'Trainer') -> None:
        super().__init__()
        self.model, self.loss_of = trainer.model, trainer.loss_of

    def forward(self, batch: Any) -> torch.Tensor:
        return self.loss_of(batch)


def prepare(trainer: 'Trainer') -> None:
    """Has all processes begin with the parameters of the first."""
    model = trainer.model
    if trainer.gpus:
        nn.SyncBatchNorm.convert_sync_batchnorm(model)
    elif trainer.rank == 0 and any(isinstance(m, NORMS) for m in nn.Module.modules(model)):
        warn(distributed.OWN_STATISTICS)
    tensors = [*model.state_dict(keep_vars=True).values(), *(t for _, t in plain_tensors(model))]
    for tensor in tensors:
        dist.broadcast(tensor.data, 0)
    if trainer.strategy == 'fsdp':
        shard(model)
    trainer.shared_step = None


def shared_step(trainer: 'Trainer') -> nn.Module:
    """The step, by whose `backward` the gradients become their means over the processes."""
    if trainer.shared_step is None:
        step = trainer.shared_step = Step(trainer)
        trained = any(param.requires_grad for param in step.parameters())
        if trained and trainer.strategy == 'auto':
            # A lesson's loss need not depend on all parameters, nor on the same ones in each step.
            trainer.shared_step = DistributedDataParallel(step, find_unused_parameters=True)
    return trainer.shared_step


def backward(trainer: 'Trainer', loss: torch.Tensor) -> None:
    """Goes back from the losses of all shares to the gradients of the whole minibatch."""
    size = trainer.processes.size
    with torch.enable_grad():
        # The mean is over the processes, whatever the sizes of their shares.
        (loss * (trainer.train_dataloader.weight * size)).backward()
    for _, tensor in plain_tensors(trainer.model):  # of which PyTorch does not know
        if tensor.grad is not None:
            dist.all_reduce(tensor.grad)
            tensor.grad /= size


def _tells_of_loss(error: Exception) -> bool:
    # gloo has no class for its errors.
    return isinstance(error, dist.DistError) or 'gloo/' in str(error)
