"""Minibatch stochastic gradient descent on PyTorch: written out, and its own in fewer calls."""

import torch

from d2lite.hyperparameters import HyperParameters


class SGD(HyperParameters):
    """param <- param - lr * gradient, for a list of `params`."""

    def __init__(self, params, lr):
        self.save_hyperparameters()

    def step(self):
        for param in self.params:
            param.sub_(param.grad, alpha=self.lr)

    def zero_grad(self):
        for param in self.params:
            param.grad = None


class PlainSGD:
    """A `torch.optim.SGD` without momentum and the like, as the one operation that it comes to.

    The same numbers in a third of the time on a small model: PyTorch's `step` looks at each
    parameter for what it may have to do beside. As soon as there is any of that, it does it.
    """

    def __init__(self, optim):
        self.optim = optim

    def zero_grad(self):
        for group in self.optim.param_groups:
            for param in group['params']:
                param.grad = None

    def step(self):
        if not is_plain(self.optim):
            self.optim.step()
            return
        for group in self.optim.param_groups:
            params, lr = group['params'], group['lr']
            try:
                torch._foreach_add_(params, [param.grad for param in params], alpha=-lr)
            except TypeError:  # the loss does not depend on all of them
                params = [param for param in params if param.grad is not None]
                if params:
                    torch._foreach_add_(params, [param.grad for param in params], alpha=-lr)


def is_plain(optim):
    """Whether a step of `optim` is no more than param - lr * gradient."""
    if type(optim) is not torch.optim.SGD or 'step' in vars(optim):  # a scheduler watches it
        return False
    for group in optim.param_groups:
        if group['momentum'] or group['weight_decay'] or group['maximize']:
            return False
        if group['differentiable'] or type(group['lr']) not in (float, int):
            return False
    return not (optim._optimizer_step_pre_hooks or optim._optimizer_step_post_hooks)
