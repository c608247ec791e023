"""Module on MXNet."""

import copyreg
from collections.abc import Sequence
from typing import Any

from mxnet import gluon, np, sym
from mxnet.gluon import nn

from d2lite.training import module
from d2lite_mxnet.framework import NAME
from d2lite_mxnet.hybrid import hybrid_blocks, is_hybridized
from d2lite_mxnet.optimizer import SGD

nn_Module = nn.Block


class Module(module.Module, nn.Block):
    backend = NAME

    def configure_optimizers(self) -> gluon.Trainer | SGD:
        """Gluon's own SGD, or ours for a scratch model, with the learning rate `lr`."""
        lr, params = self.required_lr(), self.parameters()
        if isinstance(params, list):
            return SGD(params, lr)
        return gluon.Trainer(params, 'sgd', {'learning_rate': lr})

    def parameters(self) -> gluon.ParameterDict | list[np.ndarray]:
        """Gluon's parameters; of a scratch model, which has none, its list of arrays."""
        params = self.collect_params()  # a lesson may have it return a list
        if isinstance(params, gluon.ParameterDict) and params.keys():
            return params
        return self.get_scratch_params()

    def get_scratch_params(self) -> list[np.ndarray]:
        """The arrays among the attributes, and among those of modules there: what is trained."""
        return [value for _, value in _attributes(self) if isinstance(value, np.ndarray)]

    def apply_init(self, inputs: Sequence[np.ndarray], init: Any = None) -> None:
        """Gives deferred parameters shapes by a pass over `inputs`, and values from `init`."""
        if init is not None:
            self.initialize(init, force_reinit=True)
        self.forward(*inputs)

    def __getstate__(self):
        """What to copy and to pickle, which a graph cannot be: the next call makes another."""
        for block in hybrid_blocks(self):
            if is_hybridized(block):
                block.hybridize()
        return {**super().__getstate__(), 'with_gradient': [path for path, _ in plain_arrays(self)]}

    def __setstate__(self, state):
        """Gives the arrays, whose copies have lost them, their gradients."""
        with_gradient = state.pop('with_gradient')
        vars(self).update(state)
        for param in nn.Block.collect_params(self).values():
            grad_req, param.grad_req = param.grad_req, 'null'
            param.grad_req = grad_req
        for path, array in module.attributes(self):
            if path in with_gradient:
                array.attach_grad()


def plain_arrays(model: 'Module') -> list:
    """(path, array) of what a scratch model trains among its attributes."""
    return [
        (path, array)
        for path, array in _attributes(model)
        if isinstance(array, np.ndarray) and array.grad is not None
    ]


def _attributes(model):
    """As `module.attributes`, and those of each Module among them."""
    for path, value in module.attributes(model):
        yield path, value
        if isinstance(value, Module):
            yield from ((f'{path}.{name}', each) for name, each in _attributes(value))


def _symbol_from(json):
    """The symbol that was pickled."""
    return sym.load_json(json).as_np_ndarray()


# By itself MXNet unpickles the symbols of parameters as those of its older kind.
_Symbol = type(sym.var('x').as_np_ndarray())
copyreg.pickle(_Symbol, lambda symbol: (_symbol_from, (symbol.tojson(),)))
