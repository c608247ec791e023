"""The Python of a cell as it is on one tab: its statements, with the branches of other tabs gone.

    statements('if tab.selected("jax"):\n    import jax\nelse:\n    import torch', 'jax')

gives `import jax`, with its own line. Nothing is run.
"""

import ast
import symtable

from d2lite import selection
from d2lite.pages.reading.blocks import canonical_tabs
from d2lite.pages.rewriting.masking import mask_ipython


def statements(source: str, tab: str) -> list[ast.stmt]:
    """The statements of a cell on a tab, with lines that count from 1.

    Lines of IPython count as `pass`. Raises SyntaxError for code that is not Python.
    """
    tree = ast.parse(mask_ipython(source))
    return (_ForTab(tab).visit(tree) if has_branches(source) else tree).body


def has_branches(source: str) -> bool:
    """False if a cell is the same on all tabs."""
    return 'selected' in source


def module_of(lines: list[str], first: int, last: int, tab: str) -> ast.Module:
    """Lines `first` to `last` of a page as they run on a tab; the tree has the page's lines."""
    source = '\n'.join(lines[first - 1 : last])
    if source[:1].isspace():  # in a branch that was decided
        (block,) = statements(f'if True:\n{source}', tab)
        body, before = block.body, first - 2
    else:
        body, before = statements(source, tab), first - 1
    return ast.increment_lineno(ast.Module(body, []), before)


def needed_names(tree: ast.Module) -> list[str]:
    """The names of its module that the code reads, also in the functions and classes it defines."""
    found, tables = {}, [symtable.symtable(ast.unparse(tree), 'page', 'exec')]
    for table in tables:
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table.get_type() == 'module' or symbol.is_global()):
                found[symbol.get_name()] = True
    return list(found)


class _ForTab(ast.NodeTransformer):
    """Decides the conditions that depend on the tab alone."""

    def __init__(self, tab: str):
        self.tab = tab

    def visit_If(self, node):
        truth = self._truth(node.test)
        if truth is None:
            return self.generic_visit(node)
        branch = [self.visit(each) for each in (node.body if truth else node.orelse)]
        flat = [one for each in branch for one in (each if isinstance(each, list) else [each])]
        return [each for each in flat if each is not None]

    def visit_IfExp(self, node):
        truth = self._truth(node.test)
        if truth is None:
            return self.generic_visit(node)
        return self.visit(node.body if truth else node.orelse)

    def visit_Call(self, node):
        truth = self._truth(node)
        return self.generic_visit(node) if truth is None else _constant(truth, node)

    def generic_visit(self, node):
        before = {name for name, value in ast.iter_fields(node) if value}
        node = super().generic_visit(node)
        if 'body' in before and not node.body:  # all of it was for other tabs
            node.body = [ast.copy_location(ast.Pass(), node)]
        return node

    def _truth(self, test: ast.expr) -> bool | None:
        """The value of a condition on the tab; None if it depends on more than the tab."""
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inner = self._truth(test.operand)
            return None if inner is None else not inner
        if isinstance(test, ast.BoolOp):
            values = [self._truth(each) for each in test.values]
            decisive = isinstance(test.op, ast.Or)
            if decisive in values and None not in values[: values.index(decisive)]:
                return decisive
            return None if None in values else not decisive
        if not (isinstance(test, ast.Call) and ast.unparse(test.func) == 'tab.selected'):
            return None
        try:
            names = [ast.literal_eval(each) for each in test.args]
            return bool({'all', self.tab} & set(canonical_tabs(*names)))
        except (ValueError, TypeError, AttributeError, selection.BackendError):
            return None


def _constant(value: bool, node: ast.expr) -> ast.Constant:
    return ast.copy_location(ast.Constant(value), node)
