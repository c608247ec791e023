"""Devices under the book's names, on JAX."""

import jax

from d2lite.training.memory_error import amount_in


def cpu() -> jax.Device:
    """The CPU."""
    return jax.local_devices(backend='cpu')[0]


def gpu(i: int = 0) -> jax.Device:
    """The i-th GPU; JAX raises RuntimeError where there is none."""
    return jax.local_devices(backend='gpu')[i]


def num_gpus() -> int:
    """How many GPUs JAX can use."""
    return sum(device.platform == 'gpu' for device in jax.local_devices())


def try_gpu(i: int = 0) -> jax.Device:
    """The i-th GPU if there is one, else the CPU."""
    return gpu(i) if num_gpus() > i else cpu()


def try_all_gpus() -> list[jax.Device]:
    """All GPUs, or the CPU in a list of one."""
    return [gpu(i) for i in range(num_gpus())] or [cpu()]


def free_memory(device: jax.Device) -> int | None:
    """The bytes of a GPU that are free; None if its driver does not tell."""
    stats = device.memory_stats()
    return stats['bytes_limit'] - stats['bytes_in_use'] if stats else None


def memory_wanted(error: Exception) -> str | None:
    """What memory an error says was asked for, '' if it does not; None for any other error."""
    ran_out = isinstance(error, jax.errors.JaxRuntimeError) and 'RESOURCE_EXHAUSTED' in str(error)
    return amount_in(str(error)) if ran_out else None
