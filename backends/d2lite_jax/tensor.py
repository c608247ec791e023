"""Tensor functions under the book's names, on JAX.

They are those of `jax.numpy`, except for random numbers, which take a key, and for what the book
writes as a method of an array.
"""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

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

transpose, swapaxes, expand_dims = jnp.transpose, jnp.swapaxes, jnp.expand_dims
concat, stack, repeat = jnp.concatenate, jnp.stack, jnp.repeat
size, to, numpy = jnp.size, jax.device_put, np.asarray

matmul = batch_matmul = jnp.matmul
abs, exp, log, sigmoid = jnp.abs, jnp.exp, jnp.log, jax.scipy.special.expit
sin, cos, sinh, cosh, tanh = jnp.sin, jnp.cos, jnp.sinh, jnp.cosh, jnp.tanh
reduce_sum, reduce_mean, argmax = jnp.sum, jnp.mean, jnp.argmax


def rand(*shape: int | Sequence[int], key: Array | None = None) -> Array:
    """Uniform numbers from 0 to 1, from `key` or a new one; the shape is a tuple, or integers."""
    return jax.random.uniform(get_key() if key is None else key, _shape(*shape))


def randn(*shape: int | Sequence[int], key: Array | None = None) -> Array:
    """Standard normal numbers, from `key` or a new one; the shape is a tuple, or integers."""
    return jax.random.normal(get_key() if key is None else key, _shape(*shape))


def normal(
    loc: float | Array = 0.0,
    scale: float | Array = 1.0,
    shape: int | Sequence[int] | None = None,
    key: Array | None = None,
) -> Array:
    """Normal numbers of mean `loc` and standard deviation `scale`, from `key` or a new one.

    `shape`: by default that of `loc` and `scale`.
    """
    for name, value in {'loc': loc, 'scale': scale}.items():
        if isinstance(value, Sequence) or _is_key(value):
            raise TypeError(
                f'normal takes numbers for {name}, got {value}. Write normal(loc, scale, shape), '
                f'and a key of JAX as normal(loc, scale, shape, key=key)'
            )
    if shape is None:
        shape = np.broadcast_shapes(np.shape(loc), np.shape(scale))
    return loc + scale * randn(shape, key=key)


def reshape(x: Array, shape: Any, *sizes: int, **kwargs: Any) -> Array:
    """`x.reshape`: the shape is one tuple, or integers."""
    return jnp.reshape(x, (shape, *sizes) if sizes else shape, **kwargs)


def astype(x: Array, dtype: Any, copy: bool = False, device: Any = None) -> Array:
    """`x.astype`: the tensor with entries of another type."""
    return jnp.astype(x, dtype, copy=copy, device=device)


def _shape(*shape):
    """The shape, given as integers or as one tuple."""
    if any(_is_key(size) for size in shape):
        raise TypeError('the first argument is the shape; write a key of JAX as key=key')
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], Integral) else shape


def _is_key(value):
    """Whether this is a random key: of a type of its own, or two unsigned integers."""
    dtype = getattr(value, 'dtype', jnp.float32)
    return jnp.issubdtype(dtype, jax.dtypes.prng_key) or dtype == jnp.uint32
