"""Settles `tab.selected(...)` in the code of a cell, for one tab and without running it.

    resolve("if tab.selected('jax'):\n    a = 1\nelse:\n    a = 2", 'jax')     # a = 1

Of an `if` that one tab decides, the branch that applies is kept as it is written, comments and all,
and indented as the `if` was. Elsewhere the call is replaced with True or False.
"""

import ast
import re

from d2lite import selection
from d2lite.pages.rewriting.branches import take_branch, without
from d2lite.pages.rewriting.code import Source

__all__ = ['Unresolvable', 'resolve']

METHODS = ('selected', 'select', 'interact_select')


class Unresolvable(ValueError):
    """A use of `tab` depends on what runs; `line` counts from 1 in the cell."""

    def __init__(self, line: int, message: str):
        super().__init__(message)
        self.line = line


def resolve(text: str, tab: str) -> str:
    """The code as it is on `tab`, a canonical name, with no `tab` left in it.

    Raises Unresolvable for a use that only running could settle, SyntaxError if it is no Python.
    """
    uses = re.compile(r'\btab\s*\.')
    if uses.search(text):
        _check(Source(text))
    while uses.search(text):
        source = Source(text)
        shorter = _resolve_one(source, tab)
        if shorter is None:
            break
        text = shorter
    return text


def _resolve_one(source: Source, tab: str) -> str | None:
    nodes = list(ast.walk(source.tree))
    for parent in nodes:
        for field in 'body', 'orelse', 'finalbody':
            block = getattr(parent, field, None)
            for node in block if isinstance(block, list) else ():
                only = len(block) == 1 and not isinstance(parent, ast.Module)
                if _is_declaration(node):
                    around = source.replaced(node, '').split('\n')[node.lineno - 1].strip()
                    if around and not around.startswith('#'):  # another statement in its line
                        return source.replaced(node, 'pass')
                    return without(source, node.lineno, node.end_lineno, only and node)
                if isinstance(node, ast.If) and (truth := _truth(node.test, tab)) is not None:
                    return take_branch(source, node, truth, only)
    for node in nodes:
        if isinstance(node, ast.IfExp) and (truth := _truth(node.test, tab)) is not None:
            return source.replaced(node, source.text_of(node.body if truth else node.orelse))
    for node in nodes:
        if _is_call(node) and source.text_of(node).startswith('tab'):
            return source.replaced(node, str(_selected(node, tab)))
    return None


def _check(source: Source) -> None:
    """Raises Unresolvable for a use of `tab` that is none of those that can be settled."""
    settled = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.stmt) and _is_declaration(node):
            settled.add(node.value.func)
        elif _is_call(node) and source.text_of(node).startswith('tab'):
            _selected(node, '')
            settled.add(node.func)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS and _is_tab(node.value):
            if node not in settled:
                message = (
                    "What this use of tab means only running it says; use tab.selected('jax')."
                )
                raise Unresolvable(node.lineno, message)


def _truth(test: ast.expr, tab: str) -> bool | None:
    """What a condition on the tab is, or None if it depends on more than the tab."""
    if _is_call(test):
        return _selected(test, tab)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _truth(test.operand, tab)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        decisive = isinstance(test.op, ast.Or)  # one True decides an `or`, one False an `and`
        for value in test.values:
            truth = _truth(value, tab)
            if truth is None or truth == decisive:
                return truth
        return not decisive
    return None


def _selected(call: ast.Call, tab: str) -> bool:
    try:
        names = [ast.literal_eval(argument) for argument in call.args]
        flat = [n for each in names for n in (each if isinstance(each, list | tuple) else [each])]
        return tab in [selection.canonical_name(name) for name in flat]
    except (ValueError, AttributeError):
        raise Unresolvable(call.lineno, 'tab.selected takes names of tabs in quotes.') from None
    except selection.BackendError as error:
        raise Unresolvable(call.lineno, str(error)) from None


def _is_call(node: ast.AST, method: str = 'selected') -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == method
        and _is_tab(node.func.value)
    )


def _is_tab(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == 'tab'


def _is_declaration(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and any(
        _is_call(node.value, method) for method in ('interact_select', 'select')
    )
