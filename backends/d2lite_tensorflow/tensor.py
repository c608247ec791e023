"""Tensor functions under the book's names, on TensorFlow.

Most are TensorFlow's own. Written out are those that would otherwise mean something else than on
the other backends: where NumPy has the function, NumPy's meaning holds.
"""

import functools

import numpy as np
import tensorflow as tf

from d2lite.interface import TENSORS

__all__ = TENSORS

float32, int32, int64 = tf.float32, tf.int32, tf.int64

zeros, ones, zeros_like, ones_like = tf.zeros, tf.ones, tf.zeros_like, tf.ones_like
eye, arange, tensor = tf.eye, tf.range, tf.constant


def rand(*shape):
    """Uniform numbers from 0 to 1."""
    return tf.random.uniform(_shape(*shape))


def randn(*shape):
    """Standard normal numbers."""
    return tf.random.normal(_shape(*shape))


def linspace(start, stop, num=50):
    """`num` numbers from `start` to `stop`, both included."""
    return tf.linspace(float(start), float(stop), num)


def normal(loc=0.0, scale=1.0, shape=(), **kwargs):
    """Normal numbers of mean `loc`, standard deviation `scale`; `kwargs` as `tf.random.normal`."""
    return tf.random.normal(_shape(shape), loc, scale, **kwargs)


def meshgrid(*tensors, indexing='xy'):
    """Coordinate matrices of 1-d tensors; with 'xy' the first one varies along the columns."""
    return tf.meshgrid(*tensors, indexing=indexing)


def reshape(x, shape):
    """The same numbers in another shape; -1 stands for the length that fits."""
    return tf.reshape(x, shape)


def transpose(x, axes=None):
    """The axes in the order `axes`; by default reversed."""
    return tf.transpose(x, axes)


def swapaxes(x, axis1, axis2):
    axes = list(range(len(x.shape)))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return tf.transpose(x, axes)


def expand_dims(x, axis):
    """A new axis of length 1 at position `axis`."""
    return tf.expand_dims(x, axis)


def concat(tensors, axis=0):
    """Tensors joined along an axis they have."""
    return tf.concat(list(tensors), axis=axis)


def stack(tensors, axis=0):
    """Tensors of one shape joined along a new axis."""
    return tf.stack(list(tensors), axis=axis)


def repeat(x, repeats, axis=None):
    """Each entry `repeats` times in a row along `axis`; without one, of the flattened tensor."""
    return tf.repeat(x, repeats, axis=axis)


def size(x):
    """The number of entries, an int."""
    return int(tf.size(x))


def astype(x, dtype):
    return tf.cast(x, dtype)


def to(x, device):
    """The tensor on `device`."""
    with device:
        return tf.identity(x)


def numpy(x):
    """A tensor (or a list, or a number) as a NumPy array."""
    return np.asarray(x)


def matmul(x1, x2):
    """The matrix product, over the last two axes where there are more."""
    if len(x1.shape) == 1 or len(x2.shape) == 1:  # vectors, which tf.matmul does not take
        return tf.tensordot(x1, x2, axes=[[-1], [max(len(x2.shape) - 2, 0)]])
    return tf.matmul(x1, x2)


batch_matmul = tf.matmul


def _in_floats(function):
    """TensorFlow refuses exp(1) where it is given an integer: give it a float32 instead."""

    @functools.wraps(function)
    def of_floats(x):
        return function(tf.cast(x, float32) if x.dtype.is_integer else x)

    return of_floats


def _shape(*shape):
    """The shape, given as integers or as one tuple."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape


abs = tf.abs
exp, log, sigmoid = _in_floats(tf.exp), _in_floats(tf.math.log), _in_floats(tf.sigmoid)
sin, cos = _in_floats(tf.sin), _in_floats(tf.cos)
sinh, cosh, tanh = _in_floats(tf.sinh), _in_floats(tf.cosh), _in_floats(tf.tanh)


def reduce_sum(x, axis=None, keepdims=False):
    """The sum over `axis` (one, several, or all of them)."""
    return tf.reduce_sum(x, axis=axis, keepdims=keepdims)


def reduce_mean(x, axis=None, keepdims=False):
    """The mean over `axis` (one, several, or all of them); of integers in float32."""
    x = tf.cast(x, float32) if x.dtype.is_integer else x
    return tf.reduce_mean(x, axis=axis, keepdims=keepdims)


def argmax(x, axis=None):
    """The index of the largest entry along `axis`; without one, in the flattened tensor."""
    return tf.argmax(tf.reshape(x, -1) if axis is None else x, axis=axis or 0)
