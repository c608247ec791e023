"""Tensor functions under the book's names, on JAX.

Most are those of `jax.numpy`. Written out are those that would otherwise mean something else than
on the other backends: where NumPy has the function, NumPy's meaning holds.
"""

import jax
import numpy as np
from jax import numpy as jnp

from d2lite.interface import TENSORS
from d2lite_jax.framework import get_key

__all__ = TENSORS

float32, int32, int64 = jnp.float32, jnp.int32, jnp.int64

zeros, ones, zeros_like, ones_like = jnp.zeros, jnp.ones, jnp.zeros_like, jnp.ones_like
eye, arange, tensor = jnp.eye, jnp.arange, jnp.array


def rand(*shape, key=None):
    """Uniform numbers from 0 to 1, from `key` or a new one."""
    return jax.random.uniform(get_key() if key is None else key, _shape(*shape))


def randn(*shape, key=None):
    """Standard normal numbers, from `key` or a new one."""
    return jax.random.normal(get_key() if key is None else key, _shape(*shape))


def linspace(start, stop, num=50):
    """`num` numbers from `start` to `stop`, both included."""
    return jnp.linspace(start, stop, num)


def normal(loc=0.0, scale=1.0, shape=(), key=None):
    """Normal numbers of mean `loc` and standard deviation `scale`, from `key` or a new one."""
    return loc + scale * randn(*_shape(shape), key=key)


def meshgrid(*tensors, indexing='xy'):
    """Coordinate matrices of 1-d tensors; with 'xy' the first one varies along the columns."""
    return jnp.meshgrid(*tensors, indexing=indexing)


def reshape(x, shape):
    """The same numbers in another shape; -1 stands for the length that fits."""
    return x.reshape(shape)


def transpose(x, axes=None):
    """The axes in the order `axes`; by default reversed."""
    return jnp.transpose(x, axes)


def swapaxes(x, axis1, axis2):
    return jnp.swapaxes(x, axis1, axis2)


def expand_dims(x, axis):
    """A new axis of length 1 at position `axis`."""
    return jnp.expand_dims(x, axis)


def concat(tensors, axis=0):
    """Tensors joined along an axis they have."""
    return jnp.concatenate(list(tensors), axis=axis)


def stack(tensors, axis=0):
    """Tensors of one shape joined along a new axis."""
    return jnp.stack(list(tensors), axis=axis)


def repeat(x, repeats, axis=None):
    """Each entry `repeats` times in a row along `axis`; without one, of the flattened tensor."""
    return jnp.repeat(x, repeats, axis=axis)


def size(x):
    """The number of entries, an int."""
    return x.size


def astype(x, dtype):
    return x.astype(dtype)


def to(x, device):
    """The tensor on `device`."""
    return jax.device_put(x, device)


def numpy(x):
    """A tensor (or a list, or a number) as a NumPy array."""
    return np.asarray(x)


matmul = batch_matmul = jnp.matmul
abs, exp, log, sigmoid = jnp.abs, jnp.exp, jnp.log, jax.scipy.special.expit
sin, cos, sinh, cosh, tanh = jnp.sin, jnp.cos, jnp.sinh, jnp.cosh, jnp.tanh


def reduce_sum(x, axis=None, keepdims=False):
    """The sum over `axis` (one, several, or all of them)."""
    return jnp.sum(x, axis=axis, keepdims=keepdims)


def reduce_mean(x, axis=None, keepdims=False):
    """The mean over `axis` (one, several, or all of them); of integers in float32."""
    return jnp.mean(x, axis=axis, keepdims=keepdims)


def argmax(x, axis=None):
    """The index of the largest entry along `axis`; without one, in the flattened tensor."""
    return jnp.argmax(x, axis=axis)


def _shape(*shape):
    """The shape, given as integers or as one tuple."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
