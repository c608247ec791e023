"""Tensor functions under the book's names, on PyTorch.

Most are PyTorch's own, which take NumPy's `axis` and `keepdims` as well. Written out are those that
would otherwise mean something else than on the other backends: where NumPy has the function,
NumPy's meaning holds.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from d2lite.interface import TENSORS

__all__ = TENSORS

float32, int32, int64 = torch.float32, torch.int32, torch.int64

zeros, ones, zeros_like, ones_like = torch.zeros, torch.ones, torch.zeros_like, torch.ones_like
eye, arange, tensor = torch.eye, torch.arange, torch.tensor
rand, randn = torch.rand, torch.randn

reshape, swapaxes, expand_dims = torch.reshape, torch.swapaxes, torch.unsqueeze
concat, stack, repeat, size = torch.cat, torch.stack, torch.repeat_interleave, torch.numel
astype = to = Tensor.to

matmul, batch_matmul = torch.matmul, torch.bmm
abs, exp, log, sigmoid = torch.abs, torch.exp, torch.log, torch.sigmoid
sin, cos, sinh, cosh, tanh = torch.sin, torch.cos, torch.sinh, torch.cosh, torch.tanh
reduce_sum, argmax = torch.sum, torch.argmax


def linspace(start: float, stop: float, num: int = 50) -> Tensor:
    """`num` numbers from `start` to `stop`, both included."""
    return torch.linspace(start, stop, num)


def normal(
    loc: float = 0.0, scale: float = 1.0, shape: int | Sequence[int] = (), **kwargs: Any
) -> Tensor:
    """Normal numbers of mean `loc` and standard deviation `scale`; `kwargs` as `torch.normal`."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return torch.normal(float(loc), float(scale), shape, **kwargs)


def meshgrid(*tensors: Tensor, indexing: str = 'xy') -> tuple[Tensor, ...]:
    """Coordinate matrices of 1-d tensors; with 'xy' the first one varies along the columns."""
    return torch.meshgrid(*tensors, indexing=indexing)


def transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """The axes in the order `axes`; by default reversed."""
    return x.permute(tuple(range(x.ndim))[::-1] if axes is None else tuple(axes))


def numpy(x: Any) -> np.ndarray:
    """A tensor (or a list, or a number) as a NumPy array."""
    return x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)


def reduce_mean(
    x: Tensor, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> Tensor:
    """The mean over `axis` (one, several, or all of them); of integers in float32."""
    x = x if x.is_floating_point() or x.is_complex() else x.to(float32)
    return x.mean() if axis is None and not keepdims else x.mean(dim=axis, keepdim=keepdims)
