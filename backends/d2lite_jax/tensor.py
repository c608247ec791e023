"""Tensor functions under the book's names, on JAX.

They are those of `jax.numpy`, except for random numbers, which take a key.
"""

from collections.abc import Sequence

import jax
import numpy as np
from jax import Array
from jax import numpy as jnp

from d2lite.interface import TENSORS
from d2lite_jax.framework import get_key

__all__ = TENSORS

float32, int32, int64 = jnp.float32, jnp.int32, jnp.int64

zeros, ones, zeros_like, ones_like = jnp.zeros, jnp.ones, jnp.zeros_like, jnp.ones_like
eye, arange, linspace, meshgrid, tensor = jnp.eye, jnp.arange, jnp.linspace, jnp.meshgrid, jnp.array

reshape, transpose, swapaxes = jnp.reshape, jnp.transpose, jnp.swapaxes
expand_dims, concat, stack, repeat = jnp.expand_dims, jnp.concatenate, jnp.stack, jnp.repeat
size, astype, to, numpy = jnp.size, jnp.astype, jax.device_put, np.asarray

matmul = batch_matmul = jnp.matmul
abs, exp, log, sigmoid = jnp.abs, jnp.exp, jnp.log, jax.scipy.special.expit
sin, cos, sinh, cosh, tanh = jnp.sin, jnp.cos, jnp.sinh, jnp.cosh, jnp.tanh
reduce_sum, reduce_mean, argmax = jnp.sum, jnp.mean, jnp.argmax


def rand(*shape: int | Sequence[int], key: Array | None = None) -> Array:
    """Uniform numbers from 0 to 1, from `key` or a new one."""
    return jax.random.uniform(get_key() if key is None else key, _shape(*shape))


def randn(*shape: int | Sequence[int], key: Array | None = None) -> Array:
    """Standard normal numbers, from `key` or a new one."""
    return jax.random.normal(get_key() if key is None else key, _shape(*shape))


def normal(
    loc: float = 0.0,
    scale: float = 1.0,
    shape: int | Sequence[int] = (),
    key: Array | None = None,
) -> Array:
    """Normal numbers of mean `loc` and standard deviation `scale`, from `key` or a new one."""
    return loc + scale * randn(shape, key=key)


def _shape(*shape):
    """The shape, given as integers or as one tuple."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
