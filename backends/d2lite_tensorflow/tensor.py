"""Tensor functions under the book's names, on TensorFlow.

Most are TensorFlow's own. Written out are those that would otherwise mean something else than on
the other backends: where NumPy has the function, NumPy's meaning holds.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import Tensor

from d2lite.interface import TENSORS

__all__ = TENSORS

float32, int32, int64 = tf.float32, tf.int32, tf.int64

zeros, ones, zeros_like, ones_like = tf.zeros, tf.ones, tf.zeros_like, tf.ones_like
eye, arange, meshgrid, tensor = tf.eye, tf.range, tf.meshgrid, tf.constant

reshape, transpose, expand_dims = tf.reshape, tf.transpose, tf.expand_dims
stack, repeat, astype, numpy = tf.stack, tf.repeat, tf.cast, np.asarray


def _in_floats(function):
    """TensorFlow refuses exp(1) where it is given an integer: give it a float32 instead."""

    @functools.wraps(function)
    def of_floats(x):
        return function(tf.cast(x, float32) if x.dtype.is_integer else x)

    return of_floats


batch_matmul = tf.matmul
abs, exp, log, sigmoid = tf.abs, *map(_in_floats, (tf.exp, tf.math.log, tf.sigmoid))
sin, cos, sinh, cosh, tanh = map(_in_floats, (tf.sin, tf.cos, tf.sinh, tf.cosh, tf.tanh))
reduce_sum = tf.reduce_sum


def rand(*shape: int | Sequence[int]) -> Tensor:
    """Uniform numbers from 0 to 1."""
    return tf.random.uniform(_shape(*shape))


def randn(*shape: int | Sequence[int]) -> Tensor:
    """Standard normal numbers."""
    return tf.random.normal(_shape(*shape))


def linspace(start: float, stop: float, num: int = 50) -> Tensor:
    """`num` numbers from `start` to `stop`, both included."""
    return tf.linspace(float(start), float(stop), num)


def normal(
    loc: float = 0.0, scale: float = 1.0, shape: int | Sequence[int] = (), **kwargs: Any
) -> Tensor:
    """Normal numbers of mean `loc`, standard deviation `scale`; `kwargs` as `tf.random.normal`."""
    return tf.random.normal(_shape(shape), loc, scale, **kwargs)


def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """The tensor with two axes exchanged."""
    axes = list(range(len(x.shape)))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return tf.transpose(x, axes)


def concat(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Tensors joined along an axis they have."""
    return tf.concat(tensors, axis)


def size(x: Tensor) -> int:
    """The number of entries."""
    return int(tf.size(x))


def to(x: Tensor, device: Any) -> Tensor:
    """The tensor on `device`, as `cpu` and `gpu` return it."""
    with device:
        return tf.identity(x)


def matmul(x1: Tensor, x2: Tensor) -> Tensor:
    """The matrix product, over the last two axes where there are more."""
    if len(x1.shape) == 1 or len(x2.shape) == 1:  # vectors, which tf.matmul does not take
        return tf.tensordot(x1, x2, axes=[[-1], [max(len(x2.shape) - 2, 0)]])
    return tf.matmul(x1, x2)


def reduce_mean(
    x: Tensor, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> Tensor:
    """The mean over `axis` (one, several, or all of them); of integers in float32."""
    x = tf.cast(x, float32) if x.dtype.is_integer else x
    return tf.reduce_mean(x, axis=axis, keepdims=keepdims)


def argmax(x: Tensor, axis: int | None = None) -> Tensor:
    """The index of the largest entry along `axis`; without one, in the flattened tensor."""
    return tf.argmax(tf.reshape(x, -1) if axis is None else x, axis=axis or 0)


def _shape(*shape):
    """The shape, given as integers or as one tuple."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
