"""Gives variables of a page other values, for `d2lite run PAGE --set NAME=VALUE`.

Two forms of code take the new value:

    max_epochs = 10                     # a plain assignment, also in `lr, max_epochs = 0.1, 10`
    trainer = d2l.Trainer(max_epochs=10)    # an argument of that name, where it is a literal

Assignments inside of functions, classes and loops are left alone. The text of a cell changes only
where the value stands, and keeps its number of lines, so that errors still name the right ones.
"""

import ast
import dataclasses
import re

import libcst as cst
from libcst.metadata import PositionProvider

from d2lite.pages.reading.page import Cell, Page, PageError
from d2lite.pages.rewriting.code import source_of, transform_code

NESTED = cst.FunctionDef | cst.ClassDef | cst.For | cst.While
# A cell magic whose text is something else than Python that runs here.
OTHER_MAGIC = re.compile(r'\s*%%(?!(time|timeit|capture|prun)\b)')


@dataclasses.dataclass(frozen=True)
class Override:
    """One place in a page that got another value."""

    name: str
    old: str  # its code in the page
    new: str
    cell: int  # its position
    line: int  # in the file


def parse_setting(text: str) -> tuple[str, str]:
    """The name and the value of `NAME=VALUE`. Raises ValueError if that is no name or no literal.

    The value comes back as Python writes it.
    """
    name, equals, value = (part.strip() for part in text.partition('='))
    if not equals or not name.isidentifier():
        raise ValueError(f'--set takes NAME=VALUE, as in max_epochs=1, not {text!r}')
    try:
        return name, repr(ast.literal_eval(value))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise ValueError(
            f'--set {name} takes a value that Python can read, as in {name}=1, {name}=[2, 3] or '
            f'{name}="text", not {value!r}'
        ) from None


def override(page: Page, settings: dict[str, str], tabs: list[str]) -> tuple[Page, list[Override]]:
    """`page` with other values, and the list of the changes.

    `settings`: the new values by name, as `parse_setting` gives them. Raises PageError for a name
    that one of `tabs` has in no place that could take it.
    """
    changed, overrides = {}, []
    for cell in page.cells:
        changed[cell], of_cell = _override_cell(cell, settings)
        overrides += of_cell
    for tab in tabs:
        positions = {cell.position for cell in page.for_tab(tab)}
        names = {each.name for each in overrides if each.cell in positions}
        for name in settings:
            if name not in names:
                message = (
                    f'--set {name}: on tab {tab} the page neither assigns {name} '
                    f'(outside of functions and loops), nor calls something with {name}=<literal>.'
                )
                raise PageError(page.path, None, message)
    page = dataclasses.replace(page, parts=tuple(changed.get(part, part) for part in page.parts))
    return page, overrides


def _override_cell(cell: Cell, settings: dict[str, str]) -> tuple[Cell, list[Override]]:
    if OTHER_MAGIC.match(cell.source):
        return cell, []
    setter = _ValueSetter(cell, settings)
    try:
        source = transform_code(cell.source, setter)
    except SyntaxError:
        return cell, []
    return dataclasses.replace(cell, source=source), setter.overrides


class _ValueSetter(cst.CSTTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, cell: Cell, settings: dict[str, str]):
        super().__init__()
        self.cell, self.settings = cell, settings
        self.depth = 0  # of functions, classes and loops
        self.names = {}  # the values to replace, with the names of their variables
        self.overrides = []

    def on_visit(self, node):
        self.depth += isinstance(node, NESTED)
        pairs = []
        if isinstance(node, cst.Arg) and node.keyword and _is_literal(node.value):
            pairs = [(node.keyword.value, node.value)]
        elif isinstance(node, cst.Assign) and len(node.targets) == 1 and not self.depth:
            pairs = _pairs(node.targets[0].target, node.value)
        elif isinstance(node, cst.AnnAssign) and node.value and not self.depth:
            pairs = _pairs(node.target, node.value)
        self.names |= {value: name for name, value in pairs if name in self.settings}
        return node not in self.names  # a value that is replaced has nothing more to replace

    def on_leave(self, original_node, updated_node):
        self.depth -= isinstance(original_node, NESTED)
        name = self.names.get(original_node)
        if name is None:
            return updated_node
        old, new = source_of(original_node), self.settings[name]
        line = self.get_metadata(PositionProvider, original_node).start.line
        line += self.cell.first_line - 1
        self.overrides.append(Override(name, old, new, self.cell.position, line))
        if breaks := old.count('\n'):  # parentheses keep the lines that the old value took
            new = f'({new}' + '\n' * breaks + ')'
        return cst.parse_expression(new)


def _pairs(target: cst.BaseExpression, value: cst.BaseExpression) -> list[tuple]:
    """The names in a target and their values, also where both are sequences."""
    if isinstance(target, cst.Name):
        return [(target.value, value)]
    sequence = cst.Tuple | cst.List
    if isinstance(target, sequence) and isinstance(value, sequence):
        elements = [*target.elements, *value.elements]
        starred = any(isinstance(each, cst.StarredElement) for each in elements)
        if len(target.elements) == len(value.elements) and not starred:
            pairs = zip(target.elements, value.elements, strict=True)
            return [pair for a, b in pairs for pair in _pairs(a.value, b.value)]
    return []


def _is_literal(node: cst.BaseExpression) -> bool:
    try:
        ast.literal_eval(f'({source_of(node)})')
    except (ValueError, SyntaxError):
        return False
    return True
