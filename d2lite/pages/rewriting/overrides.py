"""Gives variables of a page other values: what `d2lite run PAGE --set NAME=VALUE` does.

Two forms of code take the new value:

    max_epochs = 10                     # a plain assignment, also in `lr, max_epochs = 0.1, 10`
    trainer = d2l.Trainer(max_epochs=10)    # an argument of that name, where it is a literal

Assignments inside of functions, classes and loops are left alone. The text of a cell changes only
where the value stands, and keeps its lines, so that errors are still told at theirs.
"""

import ast
import dataclasses
import re

from d2lite.pages.reading.page import Cell, Page, PageError

__all__ = ['Override', 'override', 'parse_setting']

# Cell magics whose text is Python that runs here.
PYTHON_MAGIC = re.compile(r'\s*%%(time|timeit|capture|prun)\b')
BLOCKS = ast.If | ast.With | ast.Try


@dataclasses.dataclass(frozen=True)
class Override:
    """One place in a page that got another value."""

    name: str
    old: str  # as it stands in the page
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
    """`page` with other values, and what was changed where.

    `settings`: the new values by name, as `parse_setting` gives them. Raises PageError for a name
    that one of `tabs` has in no place that could take it.
    """
    found = {cell.position: _places(cell, settings) for cell in page.cells}
    for tab in tabs:
        names = {o.name for cell in page.for_tab(tab) for o, *_ in found[cell.position]}
        for name in settings:
            if name not in names:
                raise PageError(
                    page.path,
                    None,
                    f'--set {name}: on tab {tab} the page neither assigns {name} '
                    f'(outside of functions and loops), nor calls something with {name}=<literal>.',
                )
    changed = {cell: _replaced(cell, found[cell.position]) for cell in page.cells}
    page = dataclasses.replace(
        page,
        cells=tuple(changed.values()),
        parts=tuple(changed.get(part, part) for part in page.parts),
    )
    return page, [o for places in found.values() for o, *_ in places]


def _places(cell: Cell, settings: dict[str, str]) -> list[tuple[Override, ast.expr]]:
    """The expressions of `cell` that take a new value."""
    code, tree = _parsed(cell.source)
    if tree is None:
        return []
    values = _assigned(tree.body)
    whole = {id(inner) for name, node in values if name in settings for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in whole:
            values += [(k.arg, k.value) for k in node.keywords if _is_literal(k.value)]
    places = []
    for name, node in values:
        old = ast.get_source_segment(code, node)
        # What IPython rewrote before it could be parsed, a magic for example, is left alone.
        if name in settings and old == ast.get_source_segment(cell.source, node):
            line = cell.first_line + node.lineno - 1
            places.append((Override(name, old, settings[name], cell.position, line), node))
    return places


def _parsed(source: str) -> tuple[str, ast.Module | None]:
    """What Python runs of a cell, line by line as in `source`, and its tree if it is Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    if PYTHON_MAGIC.match(source):
        source = re.sub(r'.*', 'pass', source, count=1)
    for transform in str, TransformerManager().transform_cell:
        code = transform(source)
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError):
            continue
        if code.rstrip('\n').count('\n') == source.rstrip('\n').count('\n'):
            return code, tree
    return source, None


def _assigned(statements) -> list[tuple[str, ast.expr]]:
    values = []
    for statement in statements:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            values += _pairs(statement.targets[0], statement.value)
        elif isinstance(statement, ast.AnnAssign) and statement.value:
            values += _pairs(statement.target, statement.value)
        elif isinstance(statement, BLOCKS):
            for block in 'body', 'orelse', 'finalbody':
                values += _assigned(getattr(statement, block, []))
    return values


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        return [(target.id, value)]
    sequence = ast.Tuple | ast.List
    if isinstance(target, sequence) and isinstance(value, sequence):
        starred = any(isinstance(each, ast.Starred) for each in target.elts + value.elts)
        if len(target.elts) == len(value.elts) and not starred:
            pairs = zip(target.elts, value.elts, strict=True)
            return [pair for each in pairs for pair in _pairs(*each)]
    return []


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


def _replaced(cell: Cell, places: list[tuple[Override, ast.expr]]) -> Cell:
    lines = [line.encode() for line in cell.source.split('\n')]  # columns of `ast` are bytes
    # From the end, so that the positions of those before stay what they are.
    for found, node in sorted(places, key=lambda p: (p[1].lineno, p[1].col_offset), reverse=True):
        first, last = node.lineno - 1, node.end_lineno - 1
        before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
        text = found.new.encode()
        if first == last:
            lines[first] = before + text + after
        else:  # parentheses keep the lines that the old value took
            between = [b''] * (last - first - 1)
            lines[first : last + 1] = [before + b'(' + text, *between, b')' + after]
    return dataclasses.replace(cell, source=b'\n'.join(lines).decode())
