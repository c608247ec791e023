"""Devices under the book's names, on MXNet."""

from mxnet import npx


def cpu():
    """The CPU."""
    return npx.cpu()


def gpu(i=0):
    """The i-th GPU, whether there is one or not."""
    return npx.gpu(i)


def num_gpus():
    """How many GPUs MXNet can use."""
    return npx.num_gpus()


def try_gpu(i=0):
    """The i-th GPU if there is one, else the CPU."""
    return gpu(i) if num_gpus() > i else cpu()


def try_all_gpus():
    """All GPUs, or the CPU in a list of one."""
    return [gpu(i) for i in range(num_gpus())] or [cpu()]
