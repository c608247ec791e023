"""The imports of a module that has the saved code of several pages."""

import ast
import builtins

from d2lite.faces import FACES
from d2lite.pages.course.code import needed_names
from d2lite.pages.course.definitions import Place
from d2lite.pages.course.saved import NAMES_D2L
from d2lite.pages.course.survey import Survey
from d2lite.pages.course.uses import offered_names


class Imports:
    """What the saved code of one tab reads of its pages' imports, and of d2lite without `d2l.`."""

    def __init__(self, survey: Survey, tab: str) -> None:
        self.survey, self.tab = survey, tab
        self.definitions = survey.definitions[tab]
        self.found: dict[str, tuple[str, str]] = {}  # by name: the statement, and its place

    def lines(self) -> list[str]:
        """The statements, in order of their names."""
        return sorted({statement for statement, _ in self.found.values()})

    def add(self, place: Place) -> str:
        """Adds what a saved statement needs; a sentence if two pages mean different things."""
        wanted = {}
        for name in needed_names(self.survey.code(self.tab, place)):
            if name not in NAMES_D2L and name not in place.statement.names:
                if found := self._statement(name, place):
                    wanted[name] = found
        for name, (statement, where) in wanted.items():
            known = self.found.get(name, (statement, where))
            if known[0] != statement:
                return (
                    f'left out of the package: {name} is `{statement}` here and `{known[0]}` in '
                    f'{known[1]}, and a module can have one of them'
                )
        self.found |= wanted
        return ''

    def _statement(self, name: str, place: Place) -> tuple[str, str] | None:
        """The statement that imports a name, and where it stands."""
        for statement in self.definitions.pages[place.page].imports:
            if name in statement.names:
                imported = Place(place.page, statement, (0, 0))
                (node,) = self.survey.code(self.tab, imported).body
                if isinstance(node, ast.Import | ast.ImportFrom):
                    alias = [a for a in node.names if name in (a.asname, a.name.split('.')[0])]
                    node.names = alias or node.names
                return ast.unparse(node), imported.where(self.survey.course)
        course = name in self.definitions.all and self.survey.whose(self.tab, name) == 'course'
        of_d2lite = name in offered_names(self.tab)
        if (
            course
            or not of_d2lite
            or (hasattr(builtins, name) and name not in self.definitions.all)
        ):
            return None
        return f'from d2lite.{FACES[self.tab]} import {name}', 'd2lite'
