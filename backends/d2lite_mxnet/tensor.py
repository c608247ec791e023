"""Tensor functions under the book's names, on MXNet.

Most are those of `mxnet.np`. Written out are those that would otherwise mean something else than on
the other backends: where NumPy has the function, NumPy's meaning holds.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as onp
from mxnet import np, npx

from d2lite.interface import TENSORS

__all__ = TENSORS

float32, int32, int64 = np.float32, np.int32, np.int64

zeros, ones, zeros_like, ones_like = np.zeros, np.ones, np.zeros_like, np.ones_like
eye, arange, linspace, meshgrid, tensor = np.eye, np.arange, np.linspace, np.meshgrid, np.array

reshape, transpose, swapaxes, expand_dims = np.reshape, np.transpose, np.swapaxes, np.expand_dims
concat, stack, repeat, size = np.concatenate, np.stack, np.repeat, np.size
astype, to = np.ndarray.astype, np.ndarray.as_in_ctx


def _in_floats(function):
    """MXNet rounds exp(1) to 2 where it is given an integer: give it a float32 instead."""

    @functools.wraps(function)
    def of_floats(x):
        return function(x.astype(float32) if _is_integer(x) else x)

    return of_floats


def _is_integer(x):
    return onp.issubdtype(x.dtype, onp.integer)


batch_matmul = npx.batch_dot
abs, exp, log, sigmoid = np.abs, *map(_in_floats, (np.exp, np.log, npx.sigmoid))
sin, cos, sinh, cosh, tanh = map(_in_floats, (np.sin, np.cos, np.sinh, np.cosh, np.tanh))
argmax = np.argmax


def rand(*shape: int | Sequence[int]) -> np.ndarray:
    """Uniform numbers from 0 to 1."""
    return np.random.uniform(size=_shape(*shape))


def randn(*shape: int | Sequence[int]) -> np.ndarray:
    """Standard normal numbers."""
    return np.random.normal(size=_shape(*shape))


def normal(
    loc: float = 0.0, scale: float = 1.0, shape: int | Sequence[int] = (), **kwargs: Any
) -> np.ndarray:
    """Normal numbers of mean `loc`, standard deviation `scale`; `kwargs` as `np.random.normal`."""
    return np.random.normal(loc, scale, shape, **kwargs)


def numpy(x: Any) -> onp.ndarray:
    """A tensor (or a list, or a number) as a NumPy array."""
    return x.asnumpy() if isinstance(x, np.ndarray) else onp.asarray(x)


def matmul(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """The matrix product, over the last two axes where there are more."""
    if _is_integer(x1) and _is_integer(x2):  # MXNet multiplies matrices of floats only
        return np.matmul(x1.astype(np.float64), x2.astype(np.float64)).astype(x1.dtype)
    return np.matmul(x1, x2)


def reduce_sum(
    x: np.ndarray, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> np.ndarray:
    """The sum over `axis` (one, several, or all of them)."""
    if x.size == 0:  # MXNet fails, later and elsewhere, where the result is empty
        return np.array(onp.sum(x.asnumpy(), axis=axis, keepdims=keepdims))
    return np.sum(x, axis=axis, keepdims=keepdims)


def reduce_mean(
    x: np.ndarray, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> np.ndarray:
    """The mean over `axis` (one, several, or all of them); of integers in float32."""
    if x.size == 0:
        return np.array(onp.sum(x.asnumpy(), axis=axis, keepdims=keepdims) * onp.float32('nan'))
    return np.mean(x, axis=axis, keepdims=keepdims)


def _shape(*shape):
    """The shape, given as integers or as one tuple."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
