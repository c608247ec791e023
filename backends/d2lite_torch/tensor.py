"""Tensor functions under the book's names, on PyTorch.

They are PyTorch's own functions and methods, with its arguments. Where PyTorch refuses something or
has no default, they take what NumPy takes; `axis` and `keepdims` serve for `dim` and `keepdim`.
"""

from collections.abc import Sequence
from typing import Any

import ml_dtypes
import numpy as np
import torch
from torch import Tensor

from d2lite.interface import TENSORS

__all__ = TENSORS

float32, int32, int64 = torch.float32, torch.int32, torch.int64

zeros, ones, zeros_like, ones_like = torch.zeros, torch.ones, torch.zeros_like, torch.ones_like
eye, arange, tensor = torch.eye, torch.arange, torch.tensor
normal, rand, randn = torch.normal, torch.rand, torch.randn

concat, stack, size = torch.cat, torch.stack, torch.numel
expand_dims, astype = Tensor.unsqueeze, Tensor.type

matmul, batch_matmul = torch.matmul, torch.bmm
abs, exp, log, sigmoid = torch.abs, torch.exp, torch.log, torch.sigmoid
sin, cos, sinh, cosh, tanh = torch.sin, torch.cos, torch.sinh, torch.cosh, torch.tanh


def linspace(start: Any, end: Any, steps: int = 50, **kwargs: Any) -> Tensor:
    """`steps` numbers from `start` to `end`, both included; `kwargs` as `torch.linspace`."""
    return torch.linspace(start, end, steps, **kwargs)


def meshgrid(*tensors: Tensor, indexing: str = 'ij') -> tuple[Tensor, ...]:
    """Coordinate matrices of 1-d tensors; with 'xy' the first one varies along the columns.

    PyTorch's default is 'ij', that of NumPy and the other frameworks 'xy'.
    """
    return torch.meshgrid(*tensors, indexing=indexing)


def reshape(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.reshape`: the shape is one tuple, or integers."""
    return x.reshape(*args, **kwargs)


def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """The axes in the order `axes`; by default reversed, which of a matrix is `x.t()`."""
    return x.permute(tuple(range(x.ndim))[::-1] if axes is None else tuple(axes))


def swapaxes(x: Tensor, *args: int, **kwargs: int) -> Tensor:
    """`x.swapaxes`: the tensor with two axes exchanged."""
    return x.swapaxes(*args, **kwargs)


def repeat(x: Tensor, *repeats: Any, axis: int | None = None, **kwargs: Any) -> Tensor:
    """`x.repeat`: copies of the whole tensor, so many along each axis.

    With `axis`, as NumPy has it on the other backends: each entry so many times along that axis.
    """
    if axis is not None:
        return torch.repeat_interleave(x, *repeats, dim=axis, **kwargs)
    return x.repeat(*repeats, **kwargs)


def to(x: Any, *args: Any, **kwargs: Any) -> Any:
    """`x.to`: a tensor, or a network, on another device or of another type."""
    return x.to(*args, **kwargs)


# NumPy has these from the package ml_dtypes, which PyTorch does not know: it hands out their bits.
_BITS = {torch.bfloat16: torch.int16, torch.float8_e4m3fn: torch.uint8}
_BITS[torch.float8_e5m2] = torch.uint8


def numpy(x: Any, *, force: bool = True) -> np.ndarray:
    """A tensor (or a list, or a number) as a NumPy array; by `force` from any device."""
    if not isinstance(x, Tensor):
        return np.asarray(x)
    x = x.detach()
    if x.dtype not in _BITS:
        return x.numpy(force=force)
    name = str(x.dtype).removeprefix('torch.')
    return x.view(_BITS[x.dtype]).numpy(force=force).view(getattr(ml_dtypes, name))


def from_numpy(array: np.ndarray) -> Tensor:
    """`torch.from_numpy`, also of bfloat16 and of 8-bit floats: a tensor in the same memory."""
    dtype = getattr(torch, array.dtype.name, None)
    if dtype not in _BITS:
        return torch.from_numpy(array)
    bits = {1: np.uint8, 2: np.int16}[array.dtype.itemsize]
    return torch.from_numpy(array.view(bits)).view(dtype)


def reduce_sum(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.sum`: the sum over `dim` (one, several, or all of them)."""
    return x.sum(*args, **kwargs)


def reduce_mean(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.mean`: the mean over `dim` (one, several, or all); of integers and booleans in float32."""
    if isinstance(x, Tensor) and not (x.is_floating_point() or x.is_complex()):
        x = x.to(kwargs.get('dtype') or float32)
    return x.mean(*args, **kwargs)


def argmax(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """`x.argmax`: the index of the largest entry along `dim`; without one, of all entries."""
    return x.argmax(*args, **kwargs)
