"""What the cells of a page save for others, on one tab: the statements marked `#@save`.

    def squared(x):  #@save
        return x * x

The mark counts on the first lines of a statement, up to where its body begins, on its decorators,
on the line above it, and as the first line of a cell: then it is for the whole cell.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import lru_cache

from d2lite.pages.course.code import has_branches, statements
from d2lite.pages.reading.blocks import Cell
from d2lite.pages.rewriting.masking import mask_ipython

MARK = re.compile(r'#\s*@save\b')
NAMES_D2L = ('d2l', 'd2lite')


@dataclass(frozen=True)
class Statement:
    """A statement of a page; lines are those of the file."""

    names: tuple[str, ...]  # that it binds
    first: int
    last: int
    cell: int  # its position on the page
    target: str = ''  # what it adds to, where it binds nothing: X in @add_to_class(d2l.X)
    method: str = ''  # that it adds, if the target is a class


@dataclass(frozen=True)
class PageCode:
    """What a page offers on one tab, what it imports, and the marks that are on nothing."""

    saved: tuple[Statement, ...] = ()
    imports: tuple[Statement, ...] = ()
    stray: tuple[int, ...] = ()  # lines of marks
    without_name: tuple[int, ...] = ()  # lines of saved statements that nobody can ask for


PARTS = [field.name for field in fields(PageCode)]


def code_of(cells: list[Cell], tab: str) -> PageCode:
    """What these cells save and import. Cells that are not Python are left out."""
    found = [_of_cell(cell, tab if has_branches(cell.source) else '') for cell in cells]
    return PageCode(*(sum((getattr(each, part) for each in found), ()) for part in PARTS))


@lru_cache(maxsize=1000)  # most cells are the same on several tabs
def _of_cell(cell: Cell, tab: str) -> PageCode:
    if '@save' not in cell.source and 'import' not in cell.source:
        return PageCode()
    try:
        body = statements(cell.source, tab)
        marks = _mark_lines(cell.source)
    except (SyntaxError, ValueError, tokenize.TokenError):
        return PageCode()
    imports, used, saved, without_name = [], set(), [], []
    whole = bool(MARK.match(cell.source.lstrip()))
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Try):
            names = _imported(node)
            imports += [_statement(node, cell, names)] if names else []
        found = marks.keys() & set(range(_begin(node), _end_of_head(node) + 1))
        found |= {_begin(node) - 1} if marks.get(_begin(node) - 1) else set()
        if whole or found:
            used |= found
            saved.append(node)
    readable = tuple(_readable(saved, cell, without_name))
    offset = cell.first_line - 1
    stray = [] if whole else sorted(line + offset for line in marks.keys() - used)
    return PageCode(readable, tuple(imports), tuple(stray), tuple(without_name))


def bound_names(node: ast.stmt) -> tuple[str, ...]:
    """The names that a statement gives a value at the top of its module."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return (node.name,)
    if isinstance(node, ast.Import | ast.ImportFrom):
        return tuple(each.asname or each.name.partition('.')[0] for each in node.names)
    names = [name.id for name in _targets(node)]
    for each in ast.iter_child_nodes(node):
        names += bound_names(each) if isinstance(each, ast.stmt | ast.ExceptHandler) else ()
    return tuple(dict.fromkeys(names))


def _readable(nodes: list[ast.stmt], cell: Cell, without_name: list[int]) -> Iterator[Statement]:
    """The saved statements of a cell, each with the names or the target by which it is found."""
    known = {name for node in nodes for name in bound_names(node)}
    for node in nodes:
        target, method = _addition(node)
        if target:
            yield _statement(node, cell, (), target, method)
        elif names := bound_names(node):
            yield _statement(node, cell, names)
        elif not (isinstance(node, ast.Pass) or _is_text(node)):
            # Such as a loop that fills a table: it belongs to what it reads of the same cell.
            reads = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in known]
            for name in dict.fromkeys(reads):
                yield _statement(node, cell, (), name)
            if not reads:
                without_name.append(node.lineno + cell.first_line - 1)


def _addition(node: ast.stmt) -> tuple[str, str]:
    """The name of what a statement adds to, and the method; both empty where it does not."""
    for decorator in getattr(node, 'decorator_list', []):
        if isinstance(decorator, ast.Call) and len(decorator.args) == 1:
            if ast.unparse(decorator.func) in ('add_to_class', 'd2l.add_to_class'):
                return _name_in_d2l(decorator.args[0]), node.name
    targets = [*getattr(node, 'targets', []), getattr(node, 'target', None)]
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        targets = [node.value.func]  # d2l.DATA_HUB.update(...)
    for target in targets:
        if isinstance(target, ast.Subscript | ast.Attribute):
            name = _name_in_d2l(target.value)
            return ('' if name in NAMES_D2L else name), ''
    return '', ''


def _name_in_d2l(node: ast.expr) -> str:
    """X of `d2l.X` and of `X`."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return node.attr if node.value.id in NAMES_D2L else ''
    return node.id if isinstance(node, ast.Name) else ''


def _statement(node, cell: Cell, names, target='', method='') -> Statement:
    offset = cell.first_line - 1
    first, last = _begin(node) + offset, node.end_lineno + offset
    return Statement(tuple(names), first, last, cell.position, target, method)


def _imported(node: ast.stmt) -> tuple[str, ...]:
    """The names that a statement imports, also in a `try`; a `try` without imports has none."""
    if isinstance(node, ast.Try):
        parts = [*node.body, *(each for handler in node.handlers for each in handler.body)]
        if not any(isinstance(each, ast.Import | ast.ImportFrom) for each in node.body):
            return ()
        return tuple(dict.fromkeys(name for part in parts for name in bound_names(part)))
    return bound_names(node)


def _targets(node: ast.AST) -> Iterator[ast.Name]:
    fields = [*getattr(node, 'targets', []), getattr(node, 'target', None)]
    fields += [item.optional_vars for item in getattr(node, 'items', [])]
    for field in fields:
        for each in ast.walk(field) if field is not None else ():
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                yield each


def _begin(node: ast.stmt) -> int:
    return min([node.lineno, *(each.lineno for each in getattr(node, 'decorator_list', []))])


def _end_of_head(node: ast.stmt) -> int:
    """The last line before the body of a statement; of one without a body, its last line."""
    body = getattr(node, 'body', None)
    return max(node.lineno, body[0].lineno - 1) if body else node.end_lineno


def _mark_lines(source: str) -> dict[int, bool]:
    """The lines with a mark, and whether it is alone on its line."""
    if '@save' not in source:
        return {}
    text = mask_ipython(source)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = (token for token in tokens if token.type == tokenize.COMMENT)
    found = (token for token in comments if MARK.match(token.string))
    return {token.start[0]: token.line.lstrip().startswith('#') for token in found}


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
