"""Minibatch stochastic gradient descent, written out on MXNet, and the fast way to make a step."""

import numbers
import weakref
from operator import is_

from mxnet import gluon, np, optimizer

from d2lite.hyperparameters import HyperParameters
from d2lite_mxnet.operators import SgdUpdate, of_older_kind


class SGD(HyperParameters):
    """param <- param - lr * gradient, for a list of `params`."""

    def __init__(self, params, lr):
        self.save_hyperparameters()

    def step(self, _):
        # The argument is the batch size, which Gluon's optimizers divide by; the loss is a mean.
        for param in self.params:
            param -= self.lr * param.grad


def step(optim):
    """`optim.step(1)`; of plain SGD, ours or Gluon's, by one operator for all arrays."""
    if type(optim) is gluon.Trainer:
        done = _is_plain(optim) and _step_of_gluon(optim)
    else:
        done = type(optim) is SGD and _step_of_ours(optim)
    if not done:
        optim.step(1)


_updates = weakref.WeakKeyDictionary()  # by optimizer of ours


def _step_of_ours(optim):
    params, lr = optim.params, optim.lr
    update = _updates.get(optim)
    if update is None or not update.is_for(params):
        # The operator takes the learning rate in float32.
        if not all(type(p) is np.ndarray and p.dtype == np.float32 for p in params):
            return False
        update = _updates[optim] = SgdUpdate([*params])
    grads = [param.grad for param in params]
    if not isinstance(lr, numbers.Real) or any([grad is None for grad in grads]):
        return False
    update(of_older_kind(grads), [float(lr)] * len(params), [0.0] * len(params))
    return True


def _is_plain(trainer):
    """Whether a Trainer of Gluon does nothing but plain SGD on one device."""
    rule = trainer._optimizer
    return (
        type(rule) is optimizer.SGD
        and not rule.momentum
        and not rule.clip_gradient
        and not rule.multi_precision
        and trainer._kv_initialized  # the first step of all does that
        and not trainer._kvstore
        and not trainer._params_to_init
        and not trainer._contains_sparse_weight
        and not trainer._contains_sparse_grad
        and len(trainer._contexts) == 1
        and not hasattr(trainer, '_amp_loss_scaler')
    )


def _step_of_gluon(trainer):
    """As Gluon does it, whose own way takes three times as long for a few arrays."""
    update = vars(trainer).get('_update_at_once')
    if update is None or not update.is_current():
        update = trainer._update_at_once = _GluonUpdate(trainer)
    if not update.is_possible or not all([weight._fresh_grad for weight in update.arrays]):
        return False  # of a gradient that is not fresh, Gluon knows what to say
    rule = trainer._optimizer
    rule.rescale_grad = trainer._scale
    rule._update_count(update.indices)
    lrs, wds = rule._get_lrs(update.indices), rule._get_wds(update.indices)
    rescaling = {} if rule.rescale_grad == 1 else {'rescale_grad': rule.rescale_grad}
    update(update.older_grads, lrs, wds, **rescaling)
    for weight in update.arrays:
        weight._fresh_grad = False
    return True


class _GluonUpdate(SgdUpdate):
    """The update of what a Trainer of Gluon trains."""

    def __init__(self, trainer):
        self.all_params = trainer._params
        self.indices = [i for i, p in enumerate(self.all_params) if p.grad_req != 'null']
        self.params = [self.all_params[i] for i in self.indices]
        super().__init__([param.data() for param in self.params])
        self.grads = [param.grad() for param in self.params]
        self.older_grads = of_older_kind(self.grads)
        self.is_possible = len({param.dtype for param in self.params}) == 1

    def is_current(self):
        """Whether the parameters still have these arrays, and no other is trained."""
        trained = [param for param in self.all_params if param._grad_req != 'null']
        return (
            trained == self.params
            and all(map(is_, [param._data[0] for param in trained], self.arrays))
            and all(map(is_, [param._grad[0] for param in trained], self.grads))
        )
