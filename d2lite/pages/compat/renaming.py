"""Writes today's names in place of those of the table, for `d2lite convert`.

It follows the imports of the page: `jnp.trapz` after `import jax.numpy as jnp` is a name of the
table. What depends on the type of an object, such as a method of a data frame, stays as it is.
"""

import libcst as cst
from libcst.helpers import get_full_name_for_node
from nbformat import NotebookNode

from d2lite.pages.compat.kinds import Alias, OldArgument, OldModule
from d2lite.pages.compat.table import TABLE
from d2lite.pages.rewriting.code import transform_code

NAMES = {entry.name: entry.use for entry in TABLE if isinstance(entry, Alias)}
MODULES = {entry.name for entry in TABLE if isinstance(entry, OldModule)}
ARGUMENTS = {
    (f'{each.module}.{each.attribute}'.removesuffix('.__init__'), each.keyword): each.new
    for each in TABLE
    if isinstance(each, OldArgument)
}


def write_current_names(cells: list[NotebookNode]) -> None:
    """Changes the code of `cells`, in which a cell may use what another one imports."""
    imports = _Imports()
    cells = [cell for cell in cells if cell.cell_type == 'code']
    for visitor in (imports, None):
        for cell in cells:
            renamer = visitor or _Renamer(imports.names)
            try:
                source = transform_code(cell.source, renamer)
            except SyntaxError:  # such as a cell of %%bash
                continue
            if visitor is None:
                lines = source.splitlines(keepends=True)
                first = int(source.startswith('%%'))  # the magic of a cell is its first line
                lines[first:first] = [f'import {name}\n' for name in renamer.needed]
                cell.source = ''.join(lines)


class _Imports(cst.CSTTransformer):
    """Collects what imported names stand for: {'jnp': 'jax.numpy'}."""

    def __init__(self):
        super().__init__()
        self.names = {}

    def visit_Import(self, node):
        for alias in node.names:
            name = alias.evaluated_name
            top = name.partition('.')[0]
            self.names |= {alias.evaluated_alias: name} if alias.asname else {top: top}

    def visit_ImportFrom(self, node):
        if not node.relative and not isinstance(node.names, cst.ImportStar):
            module = get_full_name_for_node(node.module)
            for alias in node.names:
                name = alias.evaluated_name
                self.names[alias.evaluated_alias or name] = f'{module}.{name}'


class _Renamer(cst.CSTTransformer):
    """Replaces old names; `needed` are the modules that the cell has to import for that."""

    def __init__(self, imported):
        super().__init__()
        self.imported = imported
        self.needed = []

    def leave_Attribute(self, original_node, updated_node):
        name = self._resolved(original_node)
        if name not in NAMES or name in MODULES:
            return updated_node
        return cst.parse_expression(self._written(NAMES[name]))

    def leave_Call(self, original_node, updated_node):
        function, arguments = self._resolved(original_node.func), []
        for argument in updated_node.args:
            key = (function, argument.keyword.value if argument.keyword else '')
            if key in ARGUMENTS:
                if ARGUMENTS[key] is None:
                    continue
                argument = argument.with_changes(keyword=cst.Name(ARGUMENTS[key]))
            arguments.append(argument)
        if arguments and len(arguments) < len(updated_node.args):
            arguments[-1] = arguments[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(args=arguments)

    def leave_Import(self, original_node, updated_node):
        changed = []
        for alias in updated_node.names:
            name = alias.evaluated_name
            if name in MODULES and (alias.asname or '.' not in name):
                text = f'import {NAMES[name]} as {alias.evaluated_alias or name}'
                alias = cst.parse_statement(text).body[0].names[0].with_changes(comma=alias.comma)
            changed.append(alias)
        return updated_node.with_changes(names=changed)

    def leave_ImportFrom(self, original_node, updated_node):
        if updated_node.relative or isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        module = get_full_name_for_node(updated_node.module)
        statements = []
        for alias in updated_node.names:
            name = alias.evaluated_name
            source = f'{NAMES[module] if module in MODULES else module}.{name}'
            source = NAMES.get(f'{module}.{name}', source)
            package, _, new = source.rpartition('.')
            local = alias.evaluated_alias or name
            if package:
                suffix = '' if local == new else f' as {local}'
                statements.append(f'from {package} import {new}{suffix}')
            else:
                statements.append(f'{local} = {new}')  # a builtin
        if all(each.startswith(f'from {module} import') for each in statements):
            return updated_node
        *first, last = cst.parse_statement('; '.join(statements)).body
        return cst.FlattenSentinel([*first, last.with_changes(semicolon=updated_node.semicolon)])

    def _resolved(self, node):
        first, dot, rest = (get_full_name_for_node(node) or '').partition('.')
        return f'{self.imported.get(first, "")}{dot}{rest}'

    def _written(self, name):
        """The code for `name`, by the imports that there are, or with one more."""
        fitting = [
            (target, local)
            for local, target in self.imported.items()
            if f'{name}.'.startswith(f'{target}.')
        ]
        if fitting:
            target, local = max(fitting)
            return local + name.removeprefix(target)
        module = name.rpartition('.')[0]
        if module and module not in self.needed:
            self.needed.append(module)
        return name
