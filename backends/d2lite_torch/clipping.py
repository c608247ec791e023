"""Gradients that are scaled down, on PyTorch."""

from typing import Any

import torch
from torch import nn

from d2lite_torch.module import plain_tensors
from d2lite_torch.sharding import whole


def grad_clipping(net: Any, theta: float) -> None:
    """Scales the gradients of `net` down so that their common norm is at most `theta`.

    `net`: a module, or an object whose `params` are tensors. What has no gradient is left out.
    """
    if isinstance(net, nn.Module):
        # Of a lesson's own, `parameters` may be something else.
        params = [*nn.Module.parameters(net), *(tensor for _, tensor in plain_tensors(net))]
    else:
        params = net.params
    grads = [param.grad for param in params if param.grad is not None]
    if not grads:
        return
    # PyTorch's clip_grad_norm_ adds 1e-6 to the norm, so that results would differ by backend.
    norm = torch.sqrt(sum(whole(torch.sum(grad**2)) for grad in grads))
    if norm > theta:
        for grad in grads:
            grad *= theta / norm
