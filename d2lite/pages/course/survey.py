"""A course as a whole: its pages, tab by tab, what they save and what they use."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from d2lite import selection
from d2lite.pages.course.code import module_of
from d2lite.pages.course.definitions import Definitions, Place
from d2lite.pages.course.folder import Course
from d2lite.pages.course.library import SHARED
from d2lite.pages.course.saved_code import read_lines
from d2lite.pages.course.uses import Use, offered_names, uses_of
from d2lite.pages.reading.blocks import NoTab
from d2lite.pages.reading.page import Cell, Page, PageError, read_page


@dataclass(frozen=True)
class Survey:
    """The pages of a course that can be read, and what is wrong with the others."""

    course: Course
    pages: dict[Path, Page] = field(default_factory=dict)
    unreadable: list[PageError] = field(default_factory=list)

    @classmethod
    def of(cls, course: Course) -> 'Survey':
        """Reads all pages of a course."""
        survey = cls(course)
        for path in course.pages:
            try:
                survey.pages[path] = read_page(path, prose=True)
            except PageError as error:
                survey.unreadable.append(error)
        return survey

    @cached_property
    def tabs(self) -> list[str]:
        """The tabs of the course: those that it names, or those of its pages."""
        of_pages = [tab for page in self.pages.values() for tab in page.tabs]
        named = self.course.tabs or tuple(dict.fromkeys(of_pages))
        return list(named or selection.registered_backends())

    @cached_property
    def definitions(self) -> dict[str, Definitions]:
        """What is saved on each tab."""
        return {tab: Definitions(self.course, tab) for tab in self.tabs}

    @cached_property
    def uses(self) -> dict[str, dict[Path, list[Use]]]:
        """What each page uses of `d2l`, by tab."""
        return {
            tab: {path: uses_of(cells, tab) for path, cells in self.cells(tab)} for tab in self.tabs
        }

    def cells(self, tab: str) -> Iterator[tuple[Path, list[Cell]]]:
        """The pages that have this tab, and their cells on it."""
        for path, page in self.pages.items():
            try:
                cells = page.for_tab(tab) if page.cells else []
            except NoTab:
                continue
            if cells:
                yield path, cells

    def pages_that_use(self, tab: str, name: str) -> list[Path]:
        """The pages that use a name, without those that save it themselves."""
        own = {place.page for place in self.definitions[tab].all.get(name, [])}
        using = self.uses[tab].items()
        return [p for p, uses in using if p not in own and any(use.name == name for use in uses)]

    def whose(self, tab: str, name: str) -> str:
        """`d2lite` or `course`: whose definition of a saved name counts."""
        of_d2lite = name in offered_names(tab)
        preferred = self.course.prefer == 'd2lite' or name in SHARED
        return 'd2lite' if of_d2lite and preferred else 'course'

    def code(self, tab: str, place: Place) -> ast.Module:
        """The saved statement as it is on a tab."""
        lines = read_lines(place.page)
        return module_of(lines, place.statement.first, place.statement.last, tab)
