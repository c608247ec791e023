"""Gradients that are scaled down, on MXNet."""

from typing import Any

from mxnet import np
from mxnet.gluon import nn

from d2lite_mxnet.module import plain_arrays


def grad_clipping(net: Any, theta: float) -> None:
    """Scales the gradients of `net` down so that their common norm is at most `theta`.

    `net`: a block, or an object whose `params` are arrays. What has no gradient is left out.
    """
    if isinstance(net, nn.Block):
        # Of a lesson's own, `collect_params` may return a list.
        params = nn.Block.collect_params(net).values()
        grads = [param.grad() for param in params if param.grad_req != 'null']
        grads += [array.grad for _, array in plain_arrays(net)]
    else:
        grads = [param.grad for param in net.params]
    grads = [grad for grad in grads if grad is not None]
    if not grads:
        return
    norm = np.sqrt(sum(np.sum(grad**2) for grad in grads))
    if norm > theta:
        for grad in grads:
            grad *= theta / norm
