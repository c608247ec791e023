"""What a function computes, as one operator: MXNet records it while the function runs once.

MXNet records what it will differentiate, and can give that record as a Symbol. The variables in it
are the arrays that were marked: the minibatch and the parameters. Others are constants.
"""

import contextlib
import ctypes
import functools
import gc
import json
import sys

import numpy
from mxnet import autograd, nd, np, sym
from mxnet.base import MXNetError
from mxnet.gluon import HybridBlock, Parameter, nn
from mxnet.ndarray import CachedOp, NDArray

from d2lite.training.purity import Untraceable
from d2lite_mxnet.operators import AsOne

# Their Python would be called in the graph of the first step, or they hold what came from it.
UNKNOWN_IN_A_GRAPH = {
    '_CachedOp': 'it calls a hybridized block that is no part of the model',
    '_CustomFunction': 'it uses an autograd.Function',
    '_copyto': 'it copies an array to another device',
}


class Graph:
    """An operator that computes arrays from a minibatch and from all else that they depend on.

    `heads`: arrays that were computed within `recording`. `batch`: the arrays that they were
    computed from, marked by `marked`. `params`: Gluon's parameters, or arrays.
    """

    def __init__(self, heads, batch, params, recorded):
        text = sym.Group([_symbol(head) for head in heads]).tojson()
        for node in json.loads(text)['nodes']:
            if node['op'] in UNKNOWN_IN_A_GRAPH:
                raise Untraceable(UNKNOWN_IN_A_GRAPH[node['op']])
        symbol = sym.load_json(text).as_np_ndarray()  # nodes of its own: the record can go
        self.sources = _sources(symbol.list_inputs(), batch, params, recorded)
        self._check(symbol, batch)
        self.operator = CachedOp(symbol, [('static_alloc', True), ('static_shape', True)])

    def __call__(self, batch):
        """The heads for another minibatch of the same shapes, in a list."""
        outputs = self.operator(*[source(batch) for source in self.sources])
        return outputs if isinstance(outputs, list) else [outputs]

    def _check(self, symbol, batch):
        """Raises unless MXNet knows all shapes and types, which it else says in the first step."""
        arrays = dict(
            zip(symbol.list_inputs(), [source(batch) for source in self.sources], strict=True)
        )
        types, _, _ = symbol.infer_type(**{name: a.dtype for name, a in arrays.items()})
        shapes, _, _ = symbol.infer_shape(**{name: a.shape for name, a in arrays.items()})
        if types is None or shapes is None:
            raise Untraceable('MXNet cannot tell the shapes and types of what it computes')


def marked(batch):
    """Copies of the arrays in `batch`, which a record knows again."""
    if not all(type(array) is np.ndarray for array in batch):
        raise Untraceable('a minibatch holds something else than arrays')
    copies = [array.copy() for array in batch]
    for array in copies:
        array.attach_grad('null')
    return copies


@contextlib.contextmanager
def recording(model, train):
    """Within this context operators are recorded for a Graph, and what a graph cannot do raises.

    Nothing happens beside: dropout draws no random numbers, and batch normalisation keeps its
    statistics. The model is told that it is training, if `train`, and so it will be in the graph.
    Yields the list of arrays that operators have made. What `detach` returns has the array that it
    came from as `detached_from`.
    """
    hybrid = [block for block in _blocks(model) if isinstance(block, HybridBlock) and block._active]
    made = []
    register = sys.modules['mxnet.ndarray.register']
    internal = sys.modules['mxnet.ndarray.numpy._op']._api_internal
    replaced = [
        (register, '_imperative_invoke', _watched(register._imperative_invoke, made)),
        (internal, 'zeros', _kept(internal.zeros, made)),
        (NDArray, 'asnumpy', _refused('looks at a value')),
        (NDArray, '_sync_copyfrom', _refused('makes an array from numbers, or writes into one')),
        (NDArray, 'to_dlpack_for_read', _refused('looks at a value')),
        (NDArray, 'to_dlpack_for_write', _refused('writes into an array')),
        (np.ndarray, 'astype', _astype),
        (np.ndarray, 'copy', _copy),
        (np.ndarray, 'detach', _detach),
        (Parameter, '_finish_deferred_init', _not_deferred),
        (AsOne, 'as_written', True),
        (autograd, '_LIB', _Answering(autograd._LIB, train)),
        *[(block, '_active', False) for block in hybrid],
    ]
    with contextlib.ExitStack() as stack:
        for owner, name, value in replaced:
            # On an object and not its class: an attribute that a subclass inherits is one to undo.
            own = name in vars(owner)
            before = getattr(owner, name)
            stack.callback(_put_back, owner, name, before, own)
            setattr(owner, name, value)
        stack.enter_context(autograd.record(train_mode=False))
        yield made


def _put_back(owner, name, value, own):
    if own:
        setattr(owner, name, value)
    else:
        delattr(owner, name)


def _blocks(model):
    found = []
    nn.Block.apply(model, found.append)
    for block in found:
        if block is not model and (block._forward_hooks or block._forward_pre_hooks):
            raise Untraceable(f'{block.name} has hooks, which would not be called')
    return found


def _symbol(array):
    try:
        return autograd.get_symbol(array)
    except MXNetError:
        raise Untraceable(
            'MXNet has no record of how a value was computed that the step returns or plots'
        ) from None


def _sources(names, batch, params, made):
    """For each name of an input of the graph, a function of the minibatch that gives the array."""
    found = {}
    for index, array in enumerate(batch):
        found[_name(array)] = lambda given, index=index: given[index]
    for param in params:
        array = param if isinstance(param, NDArray) else param.data()
        found[_name(array)] = lambda given, param=param: (
            param if isinstance(param, NDArray) else param.data()
        )
    if not set(names) <= found.keys():
        # What a step made of nothing, or what has been there before.
        arrays = [*made, *(each for each in gc.get_objects() if issubclass(type(each), NDArray))]
        for array in arrays:
            found.setdefault(_name(array), lambda given, array=array: array)
    if not set(names) <= found.keys():
        raise Untraceable('it uses an array that is neither the batch nor a parameter')
    return [found[name] for name in names]


def _name(array):
    """What a record calls an array that was not computed there; None of one that it has not."""
    try:
        symbol = autograd.get_symbol(array)
    except MXNetError:
        return None
    return symbol.name if symbol.list_inputs() == [symbol.name] else None


# What is called in the place of MXNet's own while it records


def _watched(invoke, made):
    def watched(handle, ndargs, keys, vals, out, *args):
        if out is not None:
            raise Untraceable('it writes into an array')
        name = _operator_name(handle)
        if 'random' in name or name.startswith(RANDOM):
            raise Untraceable('it draws from mx.np.random')
        result = invoke(handle, ndargs, keys, vals, out, *args)
        made.extend(result if isinstance(result, list) else [result])
        return result

    return watched


RANDOM = tuple(
    f'{prefix}{name}'
    for prefix in ('_sample_', '_npi_', '_npx_')
    for name in (
        *('bernoulli', 'choice', 'exponential', 'gamma', 'gumbel', 'laplace', 'logistic'),
        *('multinomial', 'normal', 'pareto', 'poisson', 'powerd', 'rayleigh', 'shuffle'),
        *('uniform', 'weibull', 'negative_binomial', 'generalized_negative_binomial'),
    )
)


@functools.cache
def _operator_name(handle):
    name = ctypes.c_char_p()
    sys.modules['mxnet.base']._LIB.MXSymbolGetAtomicSymbolName(
        ctypes.c_void_p(handle), ctypes.byref(name)
    )
    return name.value.decode()


def _kept(function, made):
    def kept(*args):
        made.append(function(*args))
        return made[-1]

    return kept


def _refused(what):
    def refused(*args, **kwargs):
        raise Untraceable(f'it {what}')

    return refused


def _astype(array, dtype, order='K', casting='unsafe', subok=True, copy=True):
    """As an operator that says in the graph which type it makes, which MXNet's own does not."""
    name = numpy.dtype(dtype).name
    return nd.cast(array.as_nd_ndarray(), dtype=name).as_np_ndarray()


def _copy(array, order='C'):
    return nd.identity(array.as_nd_ndarray()).as_np_ndarray()


def _detach(array):
    detached = nd.BlockGrad(array.as_nd_ndarray()).as_np_ndarray()
    detached.detached_from = array
    return detached


def _not_deferred(param):
    if param._deferred_init:
        raise Untraceable(f'it gives {param.name} a shape, which `forward` of the model did not')


class _Answering:
    """MXNet's library, which answers that this is training, or that it is not."""

    def __init__(self, library, train):
        self.library, self.train = library, train

    def __getattr__(self, name):
        return getattr(self.library, name)

    def MXAutogradIsTraining(self, answer):
        answer._obj.value = self.train
        return 0

    MXAutogradIsRecording = MXAutogradIsTraining
