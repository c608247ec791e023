"""Which names of `d2l` the pages of a course use, and which d2lite has; nothing is imported."""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from d2lite import interface, selection
from d2lite.pages.course.code import statements
from d2lite.pages.course.saved import NAMES_D2L, bound_names
from d2lite.pages.reading.page import Cell


@dataclass(frozen=True)
class Use:
    """A place where a page reads `d2l.NAME`; the line is that of the file."""

    name: str
    line: int
    shall_fail: bool  # the cell is marked `raises-exception`


@cache
def offered_names(backend: str) -> frozenset[str]:
    """The names of d2lite on a backend, read from the list `__all__` of its package.

    The common names if that is not written out.
    """
    spec = importlib.util.find_spec(selection.registered_backends().get(backend, 'd2lite'))
    names = {*interface.NAMES, *interface.MODULES, *interface.MODULES_OF.get(backend, ())}
    if spec and spec.origin:
        for node in ast.parse(Path(spec.origin).read_text(encoding='utf-8')).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '__all__':
                constants = (each for each in ast.walk(node) if isinstance(each, ast.Constant))
                names |= {each.value for each in constants if isinstance(each.value, str)}
    return frozenset(names)


def uses_of(cells: list[Cell], tab: str) -> list[Use]:
    """The names of `d2l` that these cells read, in order."""
    found = []
    for cell, node in _nodes(cells, tab):
        line = cell.first_line - 1 + getattr(node, 'lineno', 0)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if isinstance(node.value, ast.Name) and node.value.id == 'd2l':
                found.append(Use(node.attr, line, cell.raises))
        elif isinstance(node, ast.ImportFrom) and (node.module or '').split('.')[0] in NAMES_D2L:
            if '.' in node.module:  # from d2l.torch import Vocab
                found += [Use(each.name, line, cell.raises) for each in node.names]
    return sorted(found, key=lambda use: use.line)


def names_bound_on(cells: list[Cell], tab: str) -> dict[str, int]:
    """The names that these cells define at the top, saved or not, with the lines in the file."""
    bound = {}
    for cell in cells:
        for node in _body(cell, tab):
            for name in bound_names(node):
                bound[name] = cell.first_line - 1 + node.lineno
    return bound


def syntax_errors(cells: list[Cell], tab: str) -> Iterator[tuple[int, str]]:
    """The lines of cells that are not Python, and what is wrong."""
    for cell in cells:
        try:
            statements(cell.source, tab)
        except SyntaxError as error:
            if not cell.raises and not cell.source.lstrip().startswith('%%'):
                yield cell.first_line - 1 + (error.lineno or 1), error.msg


def _nodes(cells: list[Cell], tab: str) -> Iterator[tuple[Cell, ast.AST]]:
    for cell in cells:
        for statement in _body(cell, tab):
            for node in ast.walk(statement):
                yield cell, node


def _body(cell: Cell, tab: str) -> list[ast.stmt]:
    try:
        return statements(cell.source, tab)
    except SyntaxError:
        return []
