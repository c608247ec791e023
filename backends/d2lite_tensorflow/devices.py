"""Devices under the book's names, on TensorFlow, which are used in a `with` statement."""

from contextlib import AbstractContextManager

import tensorflow as tf


def cpu() -> AbstractContextManager:
    """The CPU."""
    return tf.device('/CPU:0')


def gpu(i: int = 0) -> AbstractContextManager:
    """The i-th GPU, whether there is one or not."""
    return tf.device(f'/GPU:{i}')


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
