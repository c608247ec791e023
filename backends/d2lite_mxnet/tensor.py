"""Tensor functions under the book's names, on MXNet.

Most are those of `mxnet.np`. Written out, with the arguments of MXNet's, are those that the book
writes as a method of an array, and those where MXNet fails or rounds.
"""

import functools
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as onp
from mxnet import np, npx

from d2lite.interface import TENSORS

__all__ = TENSORS

float32, int32, int64 = np.float32, np.int32, np.int64

zeros, ones, zeros_like, ones_like = np.zeros, np.ones, np.zeros_like, np.ones_like
eye, arange, linspace, meshgrid, tensor = np.eye, np.arange, np.linspace, np.meshgrid, np.array

normal = np.random.normal

transpose, swapaxes, expand_dims = np.transpose, np.swapaxes, np.expand_dims
concat, stack, repeat = np.concatenate, np.stack, np.repeat
astype, to = np.ndarray.astype, np.ndarray.as_in_context


def _in_floats(function):
    """MXNet rounds exp(1) to 2 where it is given an integer: give it a float32 instead."""

    @functools.wraps(function)
    def of_floats(x, *args, **kwargs):
        return function(x.astype(float32) if _is_integer(x) else x, *args, **kwargs)

    return of_floats


def _is_integer(x):
    return isinstance(x, np.ndarray) and onp.issubdtype(x.dtype, onp.integer)


batch_matmul = npx.batch_dot
abs, exp, log, sigmoid = np.abs, *map(_in_floats, (np.exp, np.log, npx.sigmoid))
sin, cos, sinh, cosh, tanh = map(_in_floats, (np.sin, np.cos, np.sinh, np.cosh, np.tanh))


def rand(*shape: int | Sequence[int], **kwargs: Any) -> np.ndarray:
    """Uniform numbers from 0 to 1; the shape is a tuple, or integers."""
    return np.random.rand(*_shape(*shape), **kwargs)


def randn(*shape: int | Sequence[int], **kwargs: Any) -> np.ndarray:
    """Standard normal numbers; the shape is a tuple, or integers."""
    return np.random.randn(*_shape(*shape), **kwargs)


def reshape(x: np.ndarray, *args: Any, **kwargs: Any) -> np.ndarray:
    """`x.reshape`: the shape is one tuple, or integers."""
    return x.reshape(*args, **kwargs)


def size(a: np.ndarray) -> int:
    """`a.size`: the number of entries."""
    return a.size


def numpy(x: Any) -> onp.ndarray:
    """A tensor (or a list, or a number) as a NumPy array."""
    return x.asnumpy() if isinstance(x, np.ndarray) else onp.asarray(x)


def matmul(a: np.ndarray, b: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """The matrix product, over the last two axes where there are more (unlike `np.dot`)."""
    if _is_integer(a) and _is_integer(b):  # MXNet multiplies matrices of floats only
        return np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(a.dtype)
    return np.matmul(a, b, out=out)


def reduce_sum(
    x: np.ndarray,
    axis: int | Sequence[int] | None = None,
    dtype: Any = None,
    out: np.ndarray | None = None,
    keepdims: bool = False,
) -> np.ndarray:
    """`x.sum`: the sum over `axis` (one, several, or all of them)."""
    if x.size == 0:  # MXNet fails, later and elsewhere, where the result is empty
        return np.array(onp.sum(numpy(x), axis=axis, dtype=dtype, keepdims=keepdims))
    return x.sum(axis=axis, dtype=dtype, out=out, keepdims=keepdims)


def reduce_mean(
    x: np.ndarray,
    axis: int | Sequence[int] | None = None,
    dtype: Any = None,
    out: np.ndarray | None = None,
    keepdims: bool = False,
) -> np.ndarray:
    """`x.mean`: the mean over `axis` (one, several, or all); of integers in float32."""
    if x.size == 0:
        return reduce_sum(x, axis, dtype, keepdims=keepdims) * float('nan')
    return x.mean(axis=axis, dtype=dtype, out=out, keepdims=keepdims)


def argmax(x: np.ndarray, *args: Any, **kwargs: Any) -> np.ndarray:
    """`x.argmax`: the index of the largest entry along `axis`; without one, of all entries."""
    return x.argmax(*args, **kwargs)


def _shape(*shape):
    """The shape, given as integers or as one tuple."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], Integral) else shape
