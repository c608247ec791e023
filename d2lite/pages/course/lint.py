"""What is wrong with a course: names that nobody defines, and marks that say something else.

A problem fails if a page would fail for it; the others are notes.
"""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from d2lite import selection
from d2lite.pages.course.code import needed_names
from d2lite.pages.course.definitions import Place
from d2lite.pages.course.saved import NAMES_D2L
from d2lite.pages.course.survey import Survey
from d2lite.pages.course.uses import names_bound_on, offered_names, syntax_errors

OF_EVERY_MODULE = {'__name__', '__file__', '__doc__', 'tab', *NAMES_D2L, *dir(builtins)}


@dataclass(frozen=True)
class Problem:
    """A sentence about a line of a page, and the tabs that it holds for."""

    page: str  # its path
    line: int
    text: str
    fails: bool  # a page would fail
    tabs: tuple[str, ...] = ()

    def __str__(self) -> str:
        on = f' ({", ".join(self.tabs)})' if self.tabs else ''
        here = Path.cwd()
        page = Path(self.page)
        shown = page.relative_to(here) if here in page.parents else page
        return f'{shown}:{self.line}: {self.text}{on}'


def problems(survey: Survey) -> list[Problem]:
    """The problems of a course: those for which a page fails are first."""
    found = {}  # the tabs of each
    for tab in survey.tabs:
        for check in (_undefined, _unsaved, _differing, _not_python):
            for problem in check(survey, tab):
                found.setdefault(problem, []).append(tab)
    result = [_unreadable(error) for error in survey.unreadable]
    for (page, line, text, fails), tabs in found.items():
        result.append(Problem(str(page), line, text, fails, tuple(tabs)))
    result += [*_some_tabs_only(survey), *_marks(survey)]
    return sorted(result, key=lambda each: (not each.fails, each.page, each.line))


def _unreadable(error) -> Problem:
    return Problem(str(error.path), error.line or 1, error.message, True)


def _undefined(survey: Survey, tab: str) -> Iterator[tuple[Path, int, str, bool]]:
    """Names that pages use, and nobody has."""
    known = offered_names(tab) | survey.definitions[tab].all.keys() | _faces()
    for path, uses in survey.uses[tab].items():
        for use in uses:
            if use.name not in known and not use.shall_fail and not use.name.startswith('__'):
                text = f'd2l.{use.name} is nowhere: no page saves it, and d2lite does not have it'
                yield path, use.line, text, True


def _faces() -> set[str]:
    return {*selection.registered_backends(), 'torch', 'tf', 'backend', 'available'}


def _unsaved(survey: Survey, tab: str) -> Iterator[tuple[Path, int, str, bool]]:
    """Names that saved code reads, and that nobody saves or imports."""
    definitions, cells = survey.definitions[tab], dict(survey.cells(tab))
    for path, code in definitions.pages.items():
        imported = {name for each in code.imports for name in each.names}
        for statement in code.saved:
            names = needed_names(survey.code(tab, Place(path, statement, (0, 0))))
            known = OF_EVERY_MODULE | imported | definitions.all.keys() | offered_names(tab)
            used = any(survey.pages_that_use(tab, name) for name in statement.names)
            for name in names:
                if name in known or name in statement.names:
                    continue
                line = names_bound_on(cells.get(path, []), tab).get(name)
                where = f'line {line} defines it without #@save' if line else 'nobody defines it'
                what = ', '.join(statement.names) or f'what is added to {statement.target}'
                yield path, statement.first, f'{what}, which is saved, reads {name}: {where}', used


def _differing(survey: Survey, tab: str) -> Iterator[tuple[Path, int, str, bool]]:
    """Names that several pages save, each another definition."""
    for name, places in survey.definitions[tab].all.items():
        first, *others = places
        code = ast.dump(survey.code(tab, first))
        for place in others:
            if ast.dump(survey.code(tab, place)) != code:
                text = f'{name} is saved with another definition in {first.where(survey.course)}'
                yield place.page, place.statement.first, text, False


def _not_python(survey: Survey, tab: str) -> Iterator[tuple[Path, int, str, bool]]:
    for path, cells in survey.cells(tab):
        for line, message in syntax_errors(cells, tab):
            yield path, line, f'this cell is not Python: {message}', True


def _some_tabs_only(survey: Survey) -> Iterator[Problem]:
    """Names that d2lite lacks, and that are saved on some tabs of the course, not on all."""
    tabs_of, places = {}, {}
    for tab in survey.tabs:
        for name, (place, *_) in survey.definitions[tab].all.items():
            tabs_of.setdefault(name, []).append(tab)
            places.setdefault(name, place)
    for name, tabs in tabs_of.items():
        others = [tab for tab in survey.tabs if tab not in tabs and name not in offered_names(tab)]
        if others:
            text = f'{name} is not saved on {", ".join(others)}'
            place = places[name]
            yield Problem(str(place.page), place.statement.first, text, False, tuple(tabs))


def _marks(survey: Survey) -> Iterator[Problem]:
    """Marks that save nothing on any tab."""
    for path in survey.pages:
        codes = [survey.definitions[tab].pages[path] for tab in survey.tabs]
        saved = [statement for code in codes for statement in code.saved]
        used = {line for each in saved for line in range(each.first - 1, each.last + 1)}
        stray = {line for code in codes for line in code.stray} - used
        for line in sorted(stray):
            text = '#@save saves nothing here: it stands at the beginning of a statement'
            yield Problem(str(path), line, text, False)
        for line in sorted({line for code in codes for line in code.without_name}):
            yield Problem(str(path), line, 'what is saved here has no name to ask for', False)
