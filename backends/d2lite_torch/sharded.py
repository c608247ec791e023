"""The parts of divided tensors in files, by `torch.distributed.checkpoint`, as safetensors."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import distributed as dist
from torch import nn
from torch.distributed.tensor import DTensor, Shard, zeros

if TYPE_CHECKING:
    from d2lite_torch.trainer import Trainer


def write_parts(folder: Path, parts: Mapping[str, DTensor]) -> None:
    """Writes to a folder, from each process, what it has of the tensors."""
    from torch.distributed import checkpoint

    writer = checkpoint.HuggingFaceStorageWriter(str(folder), save_distributed=True)
    checkpoint.save(dict(parts), storage_writer=writer)


def read_parts(
    trainer: 'Trainer', folder: Path, notes: Mapping[str, Mapping]
) -> dict[str, torch.Tensor]:
    """The tensors in a folder, divided as the parameters are now; `notes`: shapes and dtypes."""
    from torch.distributed import checkpoint

    params = nn.Module.parameters(trainer.model)
    mesh = next((p.device_mesh for p in params if isinstance(p, DTensor)), None)
    parts = {}
    for name, note in notes.items():
        shape, dtype = note['shape'], getattr(torch, note['dtype'])
        if mesh is None:
            parts[name] = torch.zeros(shape, dtype=dtype)
        else:  # as `fully_shard` does: by the first axis
            parts[name] = zeros(shape, dtype=dtype, device_mesh=mesh, placements=[Shard(0)])
    reader = checkpoint.HuggingFaceStorageReader(str(folder))
    with warnings.catch_warnings():
        if not dist.is_initialized():  # PyTorch warns that there is one process
            warnings.simplefilter('ignore', UserWarning)
        checkpoint.load(parts, storage_reader=reader)
    return parts
