"""Several operators of MXNet as one: a call from Python takes longer than most of them compute."""

import functools
import inspect
from operator import is_

from mxnet import np, npx, sym
from mxnet.ndarray import CachedOp, multi_sgd_update

MOST_AT_ONCE = 45  # weights that `multi_sgd_update` takes


class AsOne:
    """A function of arrays, which is given `np` and `npx` before them, as one operator.

    It must not look at its arrays. `as_written`, while True, calls the function itself.
    """

    as_written = False

    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function
        self.operator = None  # made on first use

    def __call__(self, *arrays):
        if AsOne.as_written:
            return self.function(np, npx, *arrays)
        if self.operator is None:
            names = list(inspect.signature(self.function).parameters)[2:]
            variables = [sym.var(name).as_np_ndarray() for name in names]
            symbol = self.function(sym.np, sym.npx, *variables)
            self.operator = CachedOp(symbol, [('static_alloc', True), ('static_shape', True)])
        return self.operator(*arrays)


class SgdUpdate:
    """weight <- weight - lr * (gradient + wd * weight), for several arrays of one dtype."""

    def __init__(self, weights):
        self.arrays = weights
        self.weights = of_older_kind(weights)

    def __call__(self, grads, lrs, wds, **kwargs):
        """`grads`: of the older kind. `lrs`, `wds`: lists of numbers."""
        for start in range(0, len(grads), MOST_AT_ONCE):
            some = slice(start, start + MOST_AT_ONCE)
            weights = self.weights[some]
            inputs = weights + weights
            inputs[1::2], inputs[::2] = grads[some], weights
            multi_sgd_update(
                *inputs,
                out=weights,
                num_weights=len(weights),
                lrs=lrs[some],
                wds=wds[some],
                **kwargs,
            )

    def is_for(self, weights):
        return len(weights) == len(self.arrays) and all(map(is_, weights, self.arrays))


def of_older_kind(arrays):
    """The arrays as MXNet's optimizers take them, of the same memory."""
    return [array.as_nd_ndarray() for array in arrays]
