"""Makes the imports of `d2l` in the code of a cell imports of d2lite, on the backend of one tab."""

import re
from collections.abc import Iterable

import libcst as cst
import libcst.matchers as m
from libcst.helpers import get_full_name_for_node

from d2lite.faces import FACES
from d2lite.pages.rewriting.code import source_of, transform_code
from d2lite.pages.rewriting.overrides import OTHER_MAGIC


def import_d2lite(text: str, tab: str | None) -> str:
    """The code with d2lite in place of `d2l`, for one tab or for all (None).

    Raises SyntaxError for code that is not Python.
    """
    return transform_code(text, _Importer(tab))


def uses_d2l_unimported(cells: Iterable[str]) -> bool:
    """True if the code of `cells`, in order, reads `d2l` before a cell binds this name."""
    for text in cells:
        if OTHER_MAGIC.match(text):
            continue
        finder = _Finder()
        try:
            transform_code(text, finder)
        except SyntaxError:
            continue
        if finder.bound or finder.used:
            return not finder.bound
    return False


class _Finder(cst.CSTTransformer):
    """Finds out if a cell uses the name `d2l`, and if it gives it a meaning."""

    used = bound = False

    def visit_Attribute(self, node):
        self.used = self.used or m.matches(node.value, m.Name('d2l'))

    def visit_ImportAlias(self, node):
        name = node.evaluated_alias or node.evaluated_name.partition('.')[0]
        self.bound = self.bound or name == 'd2l'
        return False

    def visit_AssignTarget(self, node):
        self.bound = self.bound or m.matches(node.target, m.Name('d2l'))


class _Importer(cst.CSTTransformer):
    def __init__(self, tab: str | None):
        super().__init__()
        self.tab = tab

    def leave_Import(self, original_node, updated_node):
        unchanged = [f'import {_written(alias)}' for alias in updated_node.names]
        statements = [self._plain_import(alias) for alias in updated_node.names]
        if statements == unchanged:
            return updated_node
        *first, last = cst.parse_statement('; '.join(statements)).body
        return cst.FlattenSentinel([*first, last.with_changes(semicolon=updated_node.semicolon)])

    def leave_ImportFrom(self, original_node, updated_node):
        name = get_full_name_for_node(updated_node.module) if updated_node.module else ''
        if updated_node.relative or name.partition('.')[0] != 'd2l':
            return updated_node
        module = cst.parse_expression('d2lite' + name.removeprefix('d2l'))
        return updated_node.with_changes(module=module)

    def _plain_import(self, alias: cst.ImportAlias) -> str:
        """The statement that imports `d2l`, or d2lite by another name; others as they are."""
        top, _, rest = alias.evaluated_name.partition('.')
        name = alias.evaluated_alias or 'd2l'
        if top != 'd2l' and not (top == 'd2lite' and alias.asname):
            return f'import {_written(alias)}'
        if rest and alias.asname:
            return f'import d2lite.{rest} as {name}'
        if rest:
            return f'import d2lite as d2l, d2lite.{rest}'
        # `import d2lite as d2l` would ask D2LITE_BACKEND; the notebook is for this tab anywhere.
        return import_line(self.tab, name)


def import_line(tab: str | None, name: str = 'd2l') -> str:
    """The statement that imports d2lite under the name `name`, on the backend of `tab` if given."""
    if tab is None:
        return f'import d2lite as {name}'
    if face := FACES.get(tab):
        return f'from d2lite import {face} as {name}'
    return f'from d2lite import selection; {name} = selection.load({tab!r})'


def on_backend(code: str, tab: str, backend: str) -> str:
    """The code of a tab that runs on another backend, with the face of that."""
    if backend == tab:
        return code
    face = rf'(?m)^([ \t]*from d2lite import ){FACES[tab]}\b'
    return re.sub(face, rf'\g<1>{FACES[backend]}', code)


def _written(alias: cst.ImportAlias) -> str:
    return source_of(alias.with_changes(comma=cst.MaybeSentinel.DEFAULT))
