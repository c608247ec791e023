"""Rewrites calls in the cells of a notebook, where no name could be lent.

`int(x)`, `float(x)`, `x.device()` and `x.next()` become calls of the functions below. They do what
the call would do, and only where it fails what it did in earlier releases.
"""

import ast
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from d2lite.pages.compat.kinds import OldCall

NUMBER = OldCall(
    '',
    'int() or float() of an array with one element',
    'NumPy 2.4',
    'x.item()',
    r'only 0-dimensional arrays can be converted|Only scalar arrays can be converted to Python',
)
DEVICE = OldCall(
    '', 'x.device()', 'JAX 0.4.31', 'x.device', r"'[\w.]*Device' object is not callable"
)
NEXT = OldCall('', 'x.next()', 'PyTorch 1.13', 'next(x)', r"Iter' object has no attribute 'next'")
CALLS = [NUMBER, DEVICE, NEXT]


def number(kind: type, value: Any) -> Any:
    """`kind(value)`, where kind is int or float; an array may have one element and dimensions."""
    try:
        return kind(value)
    except TypeError:
        if kind not in (int, float) or not getattr(value, 'ndim', 0) or np.size(value) != 1:
            raise
    NUMBER.note()
    return kind(np.asarray(value).item())


def device(owner: Any) -> Any:
    """`owner.device()`, or the property of this name."""
    found = owner.device
    if callable(found):
        return found()
    DEVICE.note()
    return found


def following(iterator: Any) -> Any:
    """`iterator.next()`, or the same of an iterator without this method."""
    if hasattr(iterator, 'next') or not isinstance(iterator, Iterator):
        return iterator.next()
    NEXT.note()
    return next(iterator)


FUNCTIONS = {'_d2lite_number': number, '_d2lite_device': device, '_d2lite_next': following}


class OldCalls(ast.NodeTransformer):
    """Rewrites the calls of one cell."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        function, arguments = node.func, node.args
        new = None
        if isinstance(function, ast.Name) and function.id in ('int', 'float'):
            if len(arguments) == 1 and not node.keywords:
                new, arguments = '_d2lite_number', [function, *arguments]
        elif isinstance(function, ast.Attribute) and not arguments and not node.keywords:
            new = {'device': '_d2lite_device', 'next': '_d2lite_next'}.get(function.attr)
            arguments = [function.value]
        if new is None:
            return node
        name = ast.copy_location(ast.Name(new, ast.Load()), function)
        return ast.copy_location(ast.Call(name, arguments, []), node)


def install() -> None:
    """Rewrites the cells that run from now on; without IPython it does nothing."""
    ipython = sys.modules.get('IPython')
    if shell := ipython and ipython.get_ipython():
        shell.push(FUNCTIONS, interactive=False)
        shell.ast_transformers.append(OldCalls())
