"""Graphs on PyTorch: what a function computes, written down by `make_fx`, and compiled.

A function is run once on tensors without numbers. For that, a model is made to compute with tensors
that are given to it instead of with its own.
"""

import contextlib

import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

from d2lite.training.module import set_attribute
from d2lite.training.purity import Untraceable
from d2lite_torch.module import plain_tensors

aten = torch.ops.aten


def traced(function, *args):
    """The operations of a function, as a graph; tensors that are not among `args` are kept."""
    trace = make_fx(
        lambda *args: function(*args),
        decomposition_table={aten.mm.default: mm, aten.addmm.default: addmm},
        tracing_mode='fake',
        _allow_non_fake_inputs=True,
    )
    return trace(*args)


def mm(a, b):
    """The product as that of a matrix and a vector, if one of them is no more than that.

    Linear regression takes 0.8 times as long: the library has a routine for it, and the compiler
    does not see that. NotImplemented tells `make_fx` to leave a product as it is.
    """
    if b.shape[1] == 1:
        return torch.mv(a, b[:, 0]).unsqueeze(1)
    if a.shape[0] == 1:
        return torch.mv(b.t(), a[0]).unsqueeze(0)
    return NotImplemented


def addmm(bias, a, b, beta=1, alpha=1):
    if not beta == alpha == 1:
        return NotImplemented
    product = mm(a, b)
    return NotImplemented if product is NotImplemented else product + bias


def program(graph, *args):
    """The compiled graph. One that is the same to the letter is compiled once in a process."""
    has_constants = any(node.op == 'get_attr' for node in graph.graph.nodes)
    key = graph.code, shapes(pytree.tree_leaves(args)), torch.get_num_threads()
    if key not in _programs or has_constants:
        compiled = torch.compile(
            graph,
            dynamic=False,
            fullgraph=True,
            options={'fallback_random': True},  # the random numbers of a plain step
        )
        # It is compiled when it is first called: here, so that a problem is found at once.
        copies = pytree.tree_map(torch.clone, args)
        with torch.no_grad(), same_random_numbers():
            compiled(*copies)
        _programs[key] = compiled
    return _programs[key]


_programs = {}


def same_random_numbers():
    """A context, after which PyTorch draws the numbers that it would have drawn without it."""
    return torch.random.fork_rng(range(min(torch.cuda.device_count(), 1)))


class Place:
    """Where a model has a tensor: in dictionaries of its modules, or among its attributes."""

    def __init__(self, tensor):
        self.entries = []  # (dictionary, key)
        self.model = self.path = None
        self.first = tensor

    def tensor(self):
        if self.entries:
            entries, key = self.entries[0]
            return entries[key]
        return self.first

    def put(self, tensor):
        for entries, key in self.entries:
            entries[key] = tensor
        if self.path is not None:
            set_attribute(self.model, self.path, tensor)


def places(model):
    """The places of what is trained, and those of what else the modules hold.

    Raises Untraceable if a module has hooks.
    """
    found = {}
    for module in nn.Module.modules(model):
        if module._forward_hooks or module._forward_pre_hooks or module._backward_hooks:
            raise Untraceable(f'{type(module).__name__} has hooks, which no graph would call')
        for entries in (module._parameters, module._buffers):
            for key, tensor in entries.items():
                if tensor is not None:
                    found.setdefault(id(tensor), Place(tensor)).entries.append((entries, key))
    for path, tensor in plain_tensors(model):
        if id(tensor) not in found:
            place = found[id(tensor)] = Place(tensor)
            place.model, place.path = model, path
    every = list(found.values())
    trained = [place for place in every if place.first.requires_grad]
    return trained, [place for place in every if not place.first.requires_grad]


def now(places):
    return [place.tensor().detach() for place in places]


@contextlib.contextmanager
def replaced(places, tensors):
    """Within this context the model computes with these tensors instead of its own."""
    before = [place.tensor() for place in places]
    try:
        for place, tensor in zip(places, tensors, strict=True):
            place.put(tensor)
        yield
    finally:
        for place, tensor in zip(places, before, strict=True):
            place.put(tensor)


def shapes(batch):
    return tuple((tensor.shape, tensor.dtype, tensor.device) for tensor in batch)
