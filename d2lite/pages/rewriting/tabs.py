"""Evaluates `tab.selected(...)` in the code of a cell, for one tab and without running it.

    resolve("if tab.selected('jax'):\n    a = 1\nelse:\n    a = 2", 'jax')     # a = 1

If the tab alone decides an `if`, the branch that applies takes its place, comments included.
Elsewhere the call is replaced with True or False.
"""

import ast
import re

import libcst as cst
import libcst.matchers as m
from libcst.metadata import PositionProvider

from d2lite import selection
from d2lite.pages.reading.blocks import canonical_tabs
from d2lite.pages.rewriting.code import source_of, transform_code

TAB = m.Name('tab')
SELECTED = m.Call(
    func=m.Attribute(TAB, m.Name('selected')),
    args=[m.ZeroOrMore(m.Arg(keyword=None, star=''))],
)
DECLARATION = m.Expr(m.Call(func=m.Attribute(TAB, m.Name('select') | m.Name('interact_select'))))
METHOD = m.Attribute(TAB, m.Name('selected') | m.Name('select') | m.Name('interact_select'))


class Unresolvable(ValueError):
    """A use of `tab` that depends on what runs; `line` counts from 1 in the cell."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def resolve(text: str, tab: str) -> str:
    """The code as it is on `tab`, a canonical name, with no `tab` left in it.

    Raises Unresolvable for a use that only running could evaluate, SyntaxError for code that is
    not Python.
    """
    return transform_code(text, _Resolver(tab)) if re.search(r'\btab\s*\.', text) else text


class _Resolver(cst.CSTTransformer):
    """Conditions are read from the original nodes: the updated ones have True for their calls."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, tab: str):
        super().__init__()
        self.tab = tab

    def visit_Module(self, node):
        allowed = {call.func for call in m.findall(node, SELECTED)}
        allowed |= {statement.value.func for statement in m.findall(node, DECLARATION)}
        for use in m.findall(node, METHOD):
            if use not in allowed:
                message = (
                    "What this use of tab means only running it says; use tab.selected('jax')."
                )
                raise Unresolvable(self._line(use), message)

    def leave_Call(self, original_node, updated_node):
        if not m.matches(original_node, SELECTED):
            return updated_node
        return _in_place_of(updated_node, cst.Name(str(self._selected(original_node))))

    def leave_IfExp(self, original_node, updated_node):
        truth = self._truth(original_node.test)
        if truth is None:
            return updated_node
        return _in_place_of(updated_node, updated_node.body if truth else updated_node.orelse)

    def leave_If(self, original_node, updated_node):
        """Decides the `elif` or the `else` below; the block around it decides the `if` itself."""
        elif_, updated = original_node.orelse, updated_node.orelse
        truth = self._truth(elif_.test) if isinstance(elif_, cst.If) else None
        if truth is None:
            return updated_node
        if truth:
            updated = cst.Else(updated.body, leading_lines=updated.leading_lines)
        else:
            updated = updated.orelse
        return updated_node.with_changes(orelse=updated)

    def leave_Expr(self, original_node, updated_node):
        if not m.matches(original_node, DECLARATION):
            return updated_node
        return cst.Pass(semicolon=updated_node.semicolon)

    def leave_IndentedBlock(self, original_node, updated_node):
        body, below = self._statements(original_node, updated_node)
        while len(below) > len(updated_node.footer) and below[-1].comment is None:
            below = below[:-1]  # a blank line above a statement that is gone
        if not body:
            body, below = [cst.SimpleStatementLine([cst.Pass()], leading_lines=below)], []
        return updated_node.with_changes(body=body, footer=below)

    def leave_Module(self, original_node, updated_node):
        body, below = self._statements(original_node, updated_node)
        return updated_node.with_changes(body=body, footer=below)

    def _statements(self, original, updated):
        """The statements that remain of a block, and the comments and blank lines below them."""
        statements, above = [], []  # above: lines that have lost their statement
        for before, statement in zip(original.body, updated.body, strict=True):
            remaining, below = self._remaining(before, statement)
            above = _join_lines(above, statement.leading_lines)
            if remaining:
                first, *others = remaining
                lines = [*above, *first.leading_lines]
                statements += [first.with_changes(leading_lines=lines), *others]
                above = below
        return statements, _join_lines(above, updated.footer)

    def _remaining(self, original, statement):
        """The statements that take the place of one, and the comments that end their block."""
        if m.matches(original, m.SimpleStatementLine([DECLARATION])):
            return [], []
        truth = self._truth(original.test) if isinstance(original, cst.If) else None
        if truth is None:
            return [statement.with_changes(leading_lines=[])], []
        branch = statement if truth else statement.orelse
        if branch is None or (isinstance(branch, cst.If) and not truth):
            return [branch] if branch else [], []
        block = branch.body
        if isinstance(block, cst.IndentedBlock):
            return list(block.body), list(block.footer)
        line = cst.SimpleStatementLine(block.body, trailing_whitespace=block.trailing_whitespace)
        return [line], []

    def _truth(self, test) -> bool | None:
        """The value of a condition on the tab; None if it depends on more than the tab."""
        if m.matches(test, SELECTED):
            return self._selected(test)
        if m.matches(test, m.UnaryOperation(operator=m.Not())):
            inner = self._truth(test.expression)
            return None if inner is None else not inner
        if isinstance(test, cst.BooleanOperation):
            left = self._truth(test.left)
            # One True decides an `or`, one False an `and`.
            if left is None or left == isinstance(test.operator, cst.Or):
                return left
            return self._truth(test.right)
        return None

    def _selected(self, call) -> bool:
        try:
            names = [ast.literal_eval(f'({source_of(each.value)})') for each in call.args]
            return bool({'all', self.tab} & set(canonical_tabs(*names)))
        except (ValueError, AttributeError, TypeError):
            message = 'tab.selected takes names of tabs in quotes.'
            raise Unresolvable(self._line(call), message) from None
        except selection.BackendError as error:
            raise Unresolvable(self._line(call), str(error)) from None

    def _line(self, node) -> int:
        return self.get_metadata(PositionProvider, node).start.line


def _in_place_of(old: cst.BaseExpression, new: cst.BaseExpression) -> cst.BaseExpression:
    """`new` in the parentheses of `old`."""
    return new.with_changes(lpar=[*old.lpar, *new.lpar], rpar=[*new.rpar, *old.rpar])


def _join_lines(above: list[cst.EmptyLine], below) -> list[cst.EmptyLine]:
    """The lines around a place from which a statement is gone; of its blank lines one remains."""
    if above and below and above[-1].comment is None and below[0].comment is None:
        below = below[1:]
    return [*above, *below]
