"""Devices under the book's names, on PyTorch: CUDA GPUs, and the GPU of an Apple machine."""

import torch

from d2lite.training.memory_error import amount_in


def cpu() -> torch.device:
    """The CPU."""
    return torch.device('cpu')


def gpu(i: int = 0) -> torch.device:
    """The i-th GPU, whether there is one or not."""
    return torch.device('mps' if _has_mps() else f'cuda:{i}')


def num_gpus() -> int:
    """How many GPUs PyTorch can use."""
    return 1 if _has_mps() else torch.cuda.device_count()


def try_gpu(i: int = 0) -> torch.device:
    """The i-th GPU if there is one, else the CPU."""
    return gpu(i) if num_gpus() > i else cpu()


def try_all_gpus() -> list[torch.device]:
    """All GPUs, or the CPU in a list of one."""
    return [gpu(i) for i in range(num_gpus())] or [cpu()]


def free_memory(device: torch.device) -> int | None:
    """The bytes of a GPU that are free; None of an Apple machine, which has one memory for all."""
    if device.type != 'cuda':
        return None
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept


def memory_wanted(error: Exception) -> str | None:
    """What memory an error says was asked for, '' if it does not; None for any other error."""
    message = str(error)
    ran_out = 'out of memory' in message or "can't allocate memory" in message  # of a CPU
    return amount_in(message) if isinstance(error, RuntimeError) and ran_out else None


def _has_mps():
    return torch.backends.mps.is_available()
