"""Tensor functions under the book's names, on MXNet.

Most are those of `mxnet.np`. Written out are those that would otherwise mean something else than on
the other backends: where NumPy has the function, NumPy's meaning holds.
"""

import functools

import numpy as onp
from mxnet import np, npx

from d2lite.interface import TENSORS

__all__ = TENSORS

float32, int32, int64 = np.float32, np.int32, np.int64

zeros, ones, zeros_like, ones_like = np.zeros, np.ones, np.zeros_like, np.ones_like
eye, arange, tensor = np.eye, np.arange, np.array


def rand(*shape):
    """Uniform numbers from 0 to 1."""
    return np.random.uniform(size=_shape(*shape))


def randn(*shape):
    """Standard normal numbers."""
    return np.random.normal(size=_shape(*shape))


def linspace(start, stop, num=50):
    """`num` numbers from `start` to `stop`, both included."""
    return np.linspace(start, stop, num)


def normal(loc=0.0, scale=1.0, shape=(), **kwargs):
    """Normal numbers of mean `loc`, standard deviation `scale`; `kwargs` as `np.random.normal`."""
    return np.random.normal(loc, scale, _shape(shape), **kwargs)


def meshgrid(*tensors, indexing='xy'):
    """Coordinate matrices of 1-d tensors; with 'xy' the first one varies along the columns."""
    return np.meshgrid(*tensors, indexing=indexing)


def reshape(x, shape):
    """The same numbers in another shape; -1 stands for the length that fits."""
    return x.reshape(tuple(shape) if isinstance(shape, list) else shape)  # MXNet takes no list


def transpose(x, axes=None):
    """The axes in the order `axes`; by default reversed."""
    return np.transpose(x, axes)


def swapaxes(x, axis1, axis2):
    return np.swapaxes(x, axis1, axis2)


def expand_dims(x, axis):
    """A new axis of length 1 at position `axis`."""
    return np.expand_dims(x, axis)


def concat(tensors, axis=0):
    """Tensors joined along an axis they have."""
    return np.concatenate(list(tensors), axis=axis)


def stack(tensors, axis=0):
    """Tensors of one shape joined along a new axis."""
    return np.stack(list(tensors), axis=axis)


def repeat(x, repeats, axis=None):
    """Each entry `repeats` times in a row along `axis`; without one, of the flattened tensor."""
    return np.repeat(x, repeats, axis=axis)


def size(x):
    """The number of entries, an int."""
    return x.size


def astype(x, dtype):
    return x.astype(dtype)


def to(x, device):
    """The tensor on `device`."""
    return x.as_in_ctx(device)


def numpy(x):
    """A tensor (or a list, or a number) as a NumPy array."""
    return x.asnumpy() if isinstance(x, np.ndarray) else onp.asarray(x)


def matmul(x1, x2):
    """The matrix product, over the last two axes where there are more."""
    if _is_integer(x1) and _is_integer(x2):  # MXNet multiplies matrices of floats only
        return np.matmul(x1.astype(np.float64), x2.astype(np.float64)).astype(x1.dtype)
    return np.matmul(x1, x2)


batch_matmul = npx.batch_dot


def _in_floats(function):
    """MXNet rounds exp(1) to 2 where it is given an integer: give it a float32 instead."""

    @functools.wraps(function)
    def of_floats(x):
        return function(x.astype(float32) if _is_integer(x) else x)

    return of_floats


def _is_integer(x):
    return onp.issubdtype(x.dtype, onp.integer)


def _shape(*shape):
    """The shape, given as integers or as one tuple."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape


abs = np.abs
exp, log, sigmoid = _in_floats(np.exp), _in_floats(np.log), _in_floats(npx.sigmoid)
sin, cos = _in_floats(np.sin), _in_floats(np.cos)
sinh, cosh, tanh = _in_floats(np.sinh), _in_floats(np.cosh), _in_floats(np.tanh)


def reduce_sum(x, axis=None, keepdims=False):
    """The sum over `axis` (one, several, or all of them)."""
    if x.size == 0:  # MXNet fails, later and elsewhere, where the result is empty
        return np.array(onp.sum(x.asnumpy(), axis=axis, keepdims=keepdims))
    return np.sum(x, axis=axis, keepdims=keepdims)


def reduce_mean(x, axis=None, keepdims=False):
    """The mean over `axis` (one, several, or all of them); of integers in float32."""
    if x.size == 0:
        return np.array(onp.sum(x.asnumpy(), axis=axis, keepdims=keepdims) * onp.float32('nan'))
    return np.mean(x, axis=axis, keepdims=keepdims)


def argmax(x, axis=None):
    """The index of the largest entry along `axis`; without one, in the flattened tensor."""
    return np.argmax(x, axis=axis)
