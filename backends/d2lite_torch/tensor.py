"""Tensor functions under the book's names, on PyTorch.

Most are PyTorch's own. Written out are those that would otherwise mean something else than on the
other backends: where NumPy has the function, NumPy's meaning holds.
"""

import numpy as np
import torch

from d2lite.interface import TENSORS

__all__ = TENSORS

float32, int32, int64 = torch.float32, torch.int32, torch.int64

zeros, ones, zeros_like, ones_like = torch.zeros, torch.ones, torch.zeros_like, torch.ones_like
eye, arange, tensor = torch.eye, torch.arange, torch.tensor
rand, randn = torch.rand, torch.randn


def linspace(start, stop, num=50):
    """`num` numbers from `start` to `stop`, both included."""
    return torch.linspace(start, stop, num)


def normal(loc=0.0, scale=1.0, shape=(), **kwargs):
    """Normal numbers of mean `loc` and standard deviation `scale`; `kwargs` as `torch.normal`."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return torch.normal(float(loc), float(scale), shape, **kwargs)


def meshgrid(*tensors, indexing='xy'):
    """Coordinate matrices of 1-d tensors; with 'xy' the first one varies along the columns."""
    return torch.meshgrid(*tensors, indexing=indexing)


def reshape(x, shape):
    """The same numbers in another shape; -1 stands for the length that fits."""
    return x if x.shape == shape else x.reshape(shape)


def transpose(x, axes=None):
    """The axes in the order `axes`; by default reversed."""
    return x.permute(tuple(range(x.ndim))[::-1] if axes is None else tuple(axes))


def swapaxes(x, axis1, axis2):
    return x.swapaxes(axis1, axis2)


def expand_dims(x, axis):
    """A new axis of length 1 at position `axis`."""
    return x.unsqueeze(axis)


def concat(tensors, axis=0):
    """Tensors joined along an axis they have."""
    return torch.cat(tuple(tensors), dim=axis)


def stack(tensors, axis=0):
    """Tensors of one shape joined along a new axis."""
    return torch.stack(tuple(tensors), dim=axis)


def repeat(x, repeats, axis=None):
    """Each entry `repeats` times in a row along `axis`; without one, of the flattened tensor."""
    return torch.repeat_interleave(x, repeats, dim=axis)


def size(x):
    """The number of entries, an int."""
    return x.numel()


def astype(x, dtype):
    return x.to(dtype)


def to(x, device):
    """The tensor on `device`."""
    return x.to(device)


def numpy(x):
    """A tensor (or a list, or a number) as a NumPy array."""
    return x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)


matmul, batch_matmul = torch.matmul, torch.bmm
abs, exp, log, sigmoid = torch.abs, torch.exp, torch.log, torch.sigmoid
sin, cos, sinh, cosh, tanh = torch.sin, torch.cos, torch.sinh, torch.cosh, torch.tanh


def reduce_sum(x, axis=None, keepdims=False):
    """The sum over `axis` (one, several, or all of them)."""
    return torch.sum(x, dim=axis, keepdim=keepdims)


def reduce_mean(x, axis=None, keepdims=False):
    """The mean over `axis` (one, several, or all of them); of integers in float32."""
    x = x if x.is_floating_point() or x.is_complex() else x.to(float32)
    return x.mean() if axis is None and not keepdims else x.mean(dim=axis, keepdim=keepdims)


def argmax(x, axis=None):
    """The index of the largest entry along `axis`; without one, in the flattened tensor."""
    return torch.argmax(x, dim=axis)
