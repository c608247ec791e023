"""The saved statements of a tab in an order in which one module can have them."""

import ast
from collections.abc import Iterator

from d2lite.pages.course.definitions import Place
from d2lite.pages.course.survey import Survey


def in_order(survey: Survey, tab: str) -> list[Place]:
    """The definitions that count at the end of the course, and the additions to them.

    They are in the order of the course, but what a statement needs as it runs comes first.
    """
    definitions, done = survey.definitions[tab], {}
    chosen = {name: definitions.chosen(name) for name in definitions.all}
    chosen = {n: place for n, place in chosen.items() if survey.whose(tab, n) == 'course'}
    wanted = [*chosen.values()]
    for target in definitions.additions:
        wanted += definitions.additions_to(target)

    def add(place: Place) -> None:
        if place.order in done:
            return
        done[place.order] = None  # it is on its way, so that a circle ends
        tree = survey.code(tab, place)
        needed = [*names_as_it_runs(tree), place.statement.target]
        for name in needed:
            if name in chosen and chosen[name].order != place.order:
                add(chosen[name])
        done.pop(place.order)
        done[place.order] = place

    for place in sorted(wanted, key=lambda each: each.order):
        add(place)
    return [place for place in done.values() if place is not None]


def names_as_it_runs(tree: ast.AST) -> Iterator[str]:
    """X of `X` and of `d2l.X` where a statement reads it at once, not in a function it defines."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == 'd2l':
                yield node.attr
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for part in [*getattr(node, 'decorator_list', []), node.args]:
                yield from names_as_it_runs(ast.Module([ast.Expr(part)], []))
        else:
            yield from names_as_it_runs(node)
