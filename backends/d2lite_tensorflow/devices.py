"""Devices under the book's names, on TensorFlow, which are used in a `with` statement."""

import math
import re
from contextlib import AbstractContextManager

import tensorflow as tf

from d2lite.training.memory_error import amount_in, in_gib


def cpu() -> AbstractContextManager:
    """The CPU."""
    return tf.device('/CPU:0')


def gpu(i: int = 0) -> AbstractContextManager:
    """The i-th GPU, whether there is one or not."""
    return tf.device(f'/GPU:{i}')


def placed(device: str | AbstractContextManager | None) -> AbstractContextManager:
    """The context of a device: of a name, of what `gpu()` returns, or of None, which is any."""
    return device if hasattr(device, '__enter__') else tf.device(device)


def num_gpus() -> int:
    """How many GPUs TensorFlow can use."""
    return len(tf.config.list_physical_devices('GPU'))


def try_gpu(i: int = 0) -> AbstractContextManager:
    """The i-th GPU if there is one, else the CPU."""
    return gpu(i) if num_gpus() > i else cpu()


def try_all_gpus() -> list[AbstractContextManager]:
    """All GPUs, or the CPU in a list of one."""
    return [gpu(i) for i in range(num_gpus())] or [cpu()]


def free_memory(device: AbstractContextManager) -> int | None:
    """None: TensorFlow tells how much it uses, and not how much is free."""
    return None


def memory_wanted(error: Exception) -> str | None:
    """What memory an error says was asked for, '' if it does not; None for any other error."""
    if not isinstance(error, tf.errors.ResourceExhaustedError):
        return None
    found = re.search(r'tensor with shape ?\[([\d,]*)\] and type (\w+)', str(error))
    if not found:
        return amount_in(str(error))
    shape, dtype = found.groups()
    count = math.prod(int(length) for length in shape.split(',') if length)
    return in_gib(count * tf.as_dtype(dtype).size)
