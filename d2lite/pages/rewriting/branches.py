"""Takes an `if` out of the code of a cell and leaves one of its branches, as it is written."""

import ast
import re

from d2lite.pages.rewriting.code import Source

__all__ = ['take_branch', 'without']


def take_branch(source: Source, node: ast.If, truth: bool, only: bool) -> str:
    """The text with the branch of `node` that `truth` chooses, in place of all of it."""
    column = source.column(node.lineno, node.col_offset)
    indent = source.lines[node.lineno - 1][:column]
    colon = source.token(':', _end(source, node.test)).start
    last = _end_with_comments(source, node.end_lineno, column)
    is_elif = source.lines[node.lineno - 1][column:].startswith('elif')
    otherwise = None  # the token `else` or `elif` that ends the first branch
    if node.orelse:
        following = node.orelse[0]
        keyword = 'elif' if _is_elif(source, following, node) else 'else'
        otherwise = source.token(keyword, _end(source, node.body[-1]))
    if truth:
        end = otherwise.start[0] - 1 if otherwise else last
        branch = _branch(source, colon, end, indent, is_elif)
    elif otherwise is None:
        return without(source, node.lineno, last, only and not is_elif and node)
    elif otherwise.string == 'elif' or is_elif:
        branch = source.lines[otherwise.start[0] - 1 : last]
        if not is_elif:
            branch[0] = branch[0][:column] + branch[0][column:].removeprefix('el')
    else:
        colon = source.token(':', otherwise.end).start
        branch = _branch(source, colon, last, indent, False)
    return '\n'.join([*source.lines[: node.lineno - 1], *branch, *source.lines[last:]])


def _branch(source: Source, colon, end: int, indent: str, is_elif: bool) -> list[str]:
    """The lines after a colon until line `end`, indented by `indent`, or below an `else:`."""
    line, position = colon
    first = source.lines[line - 1][position + 1 :].strip()
    body = list(range(line + 1, end + 1))
    if is_elif:
        first = f'{indent}else: {first}'.rstrip()
        return [first, *(source.lines[number - 1] for number in body)]
    if first and not first.startswith('#'):
        return [indent + first, *(source.lines[number - 1] for number in body)]
    in_strings = source.lines_in_strings()
    code = (
        source.lines[n - 1]
        for n in body
        if source.lines[n - 1].strip() and source.lines[n - 1].lstrip()[0] != '#'
    )
    deeper = len(re.match(r'\s*', next(code))[0]) - len(indent)
    return [
        source.lines[n - 1] if n in in_strings else _dedented(source.lines[n - 1], deeper)
        for n in body
    ]


def _dedented(line: str, columns: int) -> str:
    return line[min(columns, len(line) - len(line.lstrip())) :]


def without(source: Source, first: int, last: int, only: ast.stmt | None) -> str:
    """The text without these lines, with `pass` if `only`, a statement, is all of its block."""
    before, after = source.lines[: first - 1], source.lines[last:]
    if only:
        before.append(source.lines[first - 1][: source.column(first, only.col_offset)] + 'pass')
    elif after and not after[0].strip() and (not before or not before[-1].strip()):
        after = after[1:]  # of the blank lines around it one remains
    return '\n'.join([*before, *after])


def _end_with_comments(source: Source, last: int, column: int) -> int:
    """The last line of a block, with comments below it that are indented like its inside."""
    for number in range(last + 1, len(source.lines) + 1):
        line = source.lines[number - 1]
        if line.strip() and not line.lstrip().startswith('#'):
            break
        if line.strip():
            if len(line) - len(line.lstrip()) <= column:
                break
            last = number
    return last


def _is_elif(source: Source, statement: ast.stmt, parent: ast.If) -> bool:
    line = source.lines[statement.lineno - 1]
    return (
        isinstance(statement, ast.If)
        and statement.col_offset == parent.col_offset
        and line[source.column(statement.lineno, statement.col_offset) :].startswith('elif')
    )


def _end(source: Source, node: ast.AST) -> tuple[int, int]:
    return node.end_lineno, source.column(node.end_lineno, node.end_col_offset)
