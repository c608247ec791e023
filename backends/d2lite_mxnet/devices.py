"""Devices under the book's names, on MXNet."""

from mxnet import Context, MXNetError, npx
from mxnet.context import gpu_memory_info

from d2lite.training.memory_error import amount_in


def cpu() -> Context:
    """The CPU."""
    return npx.cpu()


def gpu(i: int = 0) -> Context:
    """The i-th GPU, whether there is one or not."""
    return npx.gpu(i)


def num_gpus() -> int:
    """How many GPUs MXNet can use."""
    return npx.num_gpus()


def try_gpu(i: int = 0) -> Context:
    """The i-th GPU if there is one, else the CPU."""
    return gpu(i) if num_gpus() > i else cpu()


def try_all_gpus() -> list[Context]:
    """All GPUs, or the CPU in a list of one."""
    return [gpu(i) for i in range(num_gpus())] or [cpu()]


def free_memory(device: Context) -> int | None:
    """The bytes of a GPU that are free; None of a CPU."""
    return gpu_memory_info(device.device_id)[0] if device.device_type == 'gpu' else None


def memory_wanted(error: Exception) -> str | None:
    """What memory an error says was asked for, '' if it does not; None for any other error."""
    ran_out = isinstance(error, MXNetError) and 'out of memory' in str(error)
    return amount_in(str(error)) if ran_out else None
