"""Tensor functions under the book's names, on TensorFlow.

They are TensorFlow's own, with its arguments. Written out are those that take more: integers and
booleans where TensorFlow wants floats, vectors, sizes instead of a shape.
"""

import functools
from collections.abc import Sequence
from numbers import Integral, Number
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow import Tensor

from d2lite.interface import TENSORS

__all__ = TENSORS

float32, int32, int64 = tf.float32, tf.int32, tf.int64

zeros_like, ones_like, eye, arange = tf.zeros_like, tf.ones_like, tf.eye, tf.range
meshgrid, tensor = tf.meshgrid, tf.constant

reshape, transpose, expand_dims = tf.reshape, tf.transpose, tf.expand_dims
stack, repeat, astype = tf.stack, tf.repeat, tf.cast

batch_matmul, abs, argmax = tf.matmul, tf.abs, tf.argmax


def _in_floats(function):
    """TensorFlow refuses exp(1) where it is given an integer: give it a float32 instead."""

    @functools.wraps(function)
    def of_floats(x, name=None):
        x = _tensor(x)
        return function(tf.cast(x, float32) if x.dtype.is_integer else x, name=name)

    return of_floats


def numpy(a: Any, *args: Any, **kwargs: Any) -> np.ndarray:
    """`np.asarray`: a tensor, a variable, a list or a number as a NumPy array."""
    # With a scalar of bfloat16 NumPy fails by itself.
    scalar = hasattr(a, 'numpy') and tuple(a.shape) == ()
    return np.asarray(a.numpy() if scalar else a, *args, **kwargs)


exp, log, sigmoid = map(_in_floats, (tf.exp, tf.math.log, tf.sigmoid))
sin, cos, sinh, cosh, tanh = map(_in_floats, (tf.sin, tf.cos, tf.sinh, tf.cosh, tf.tanh))


def zeros(shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of zeros."""
    _check_dtype('zeros', shape, dtype)
    return tf.zeros(shape, dtype, name, layout)


def ones(shape: Any, dtype: Any = float32, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of ones."""
    _check_dtype('ones', shape, dtype)
    return tf.ones(shape, dtype, name, layout)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, *args: Any, **kwargs: Any) -> Tensor:
    """Normal numbers of a shape; further arguments as `tf.random.normal` takes them."""
    if isinstance(shape, Number):  # as others have it: mean, standard deviation, shape
        raise TypeError(
            f'normal on TensorFlow takes the shape first, then mean and standard deviation: write '
            f'normal((2, 3), 0, 1). Got {shape} for the shape'
        )
    return tf.random.normal(shape, mean, stddev, *args, **kwargs)


def rand(shape: Any = (), *args: Any, **kwargs: Any) -> Tensor:
    """Uniform numbers, by default from 0 to 1: `tf.random.uniform`, or integers for the shape."""
    if isinstance(shape, Integral):
        shape, args = (shape, *args), ()
    return tf.random.uniform(shape, *args, **kwargs)


def randn(shape: Any = (), *args: Any, **kwargs: Any) -> Tensor:
    """Standard normal numbers: `tf.random.normal`, or integers for the shape."""
    if isinstance(shape, Integral):
        shape, args = (shape, *args), ()
    return tf.random.normal(shape, *args, **kwargs)


def linspace(
    start: Any, stop: Any, num: int = 50, name: str | None = None, axis: int = 0
) -> Tensor:
    """`num` numbers from `start` to `stop`, both included; float32 between Python's integers."""
    start, stop = (float(x) if isinstance(x, int) else x for x in (start, stop))
    return tf.linspace(start, stop, num, name, axis)


def swapaxes(x: Tensor, axis1: int, axis2: int) -> Tensor:
    """The tensor with two axes exchanged."""
    axes = list(range(len(x.shape)))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return tf.transpose(x, axes)


def concat(values: Sequence[Tensor], axis: int = 0, name: str = 'concat') -> Tensor:
    """Tensors joined along an axis they have."""
    return tf.concat(values, axis, name)


def size(a: Tensor) -> int:
    """The number of entries."""
    return int(tf.size(a))


def to(x: Tensor, device: Any) -> Tensor:
    """The tensor on `device`, as `cpu` and `gpu` return it."""
    with device:
        return tf.identity(x)


def matmul(a: Tensor, b: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The matrix product, over the last two axes where there are more; `args` as `tf.matmul`."""
    a, b = _tensor(a), _tensor(b)
    if 1 in (a.shape.rank, b.shape.rank) and not args and not kwargs:  # tf.matmul takes no vectors
        return tf.tensordot(a, b, axes=[[-1], [max(b.shape.rank - 2, 0)]])
    return tf.matmul(a, b, *args, **kwargs)


def reduce_sum(
    input_tensor: Tensor,
    axis: int | Sequence[int] | None = None,
    keepdims: bool = False,
    name: str | None = None,
) -> Tensor:
    """The sum over `axis` (one, several, or all of them); booleans are counted."""
    _check_keepdims('reduce_sum', keepdims)
    x = _tensor(input_tensor)
    return tf.reduce_sum(tf.cast(x, int32) if x.dtype.is_bool else x, axis, keepdims, name)


def reduce_mean(
    input_tensor: Tensor,
    axis: int | Sequence[int] | None = None,
    keepdims: bool = False,
    name: str | None = None,
) -> Tensor:
    """The mean over `axis` (one, several, or all); of integers and booleans in float32."""
    _check_keepdims('reduce_mean', keepdims)
    x = _tensor(input_tensor)
    x = tf.cast(x, float32) if x.dtype.is_integer or x.dtype.is_bool else x
    return tf.reduce_mean(x, axis, keepdims, name)


def _tensor(x):
    """Lists, numbers and NumPy arrays as a tensor; a tensor, also a ragged one, as it is."""
    return x if tf.is_tensor(x) else tf.convert_to_tensor(x)


# TensorFlow reads the number 3 as the name of a type, and any argument as true or false.


def _check_dtype(name, shape, dtype):
    if isinstance(dtype, int):
        raise TypeError(
            f'{name} takes the shape as one tuple: write {name}(({shape}, {dtype})), '
            f'not {name}({shape}, {dtype})'
        )


def _check_keepdims(name, keepdims):
    if not isinstance(keepdims, bool | np.bool_ | None):
        raise TypeError(f'{name} takes True or False for keepdims, got {keepdims!r}')
