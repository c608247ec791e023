"""What a failure in a page has to do with its course: saved code, and names that others save."""

import dataclasses
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from d2lite import interface
from d2lite.pages.course.definitions import Definitions
from d2lite.pages.course.folder import Course
from d2lite.pages.course.index import index_of
from d2lite.pages.course.library import SHARED
from d2lite.pages.hints import MISSING

if TYPE_CHECKING:
    from d2lite.pages.running.result import Failure

# Of a call whose arguments do not fit: `TimeMachine() has no argument …`, `f() got an …`.
CALL = re.compile(r'^(?:\w+\.)*?(?P<name>\w+)(?:\.__init__)?\(\) (?:got|takes|missing|has no)')
CALLED = re.compile(r'\bd2l\.(\w+)\(')
PLACE = re.compile(r'(?:File )?"?(?P<file>[^\s"]+\.q?md)(?:", line |:)(?P<line>\d+)')


class CourseHints:
    """Sentences about a failure of one page on one tab."""

    def __init__(self, course: Course, tab: str, page: Path) -> None:
        self.course, self.tab, self.page = course, tab, page.resolve()

    def added_to(self, failure: 'Failure') -> 'Failure':
        """The failure, with a hint if the course has to do with it."""
        sentences = [failure.hint, self._missing(failure), self._arguments(failure)]
        sentences.append(self._saved_code(failure.traceback))
        hint = ' '.join(filter(None, sentences))
        return dataclasses.replace(failure, hint=hint)

    @cached_property
    def definitions(self) -> Definitions:
        """What the course saves on this tab."""
        return Definitions(self.course, self.tab, self.page)

    def _missing(self, failure: 'Failure') -> str:
        """That a name is saved, but on other tabs."""
        match = MISSING.search(failure.evalue)
        if not match or failure.ename not in ('AttributeError', 'ImportError'):
            return ''
        tabs = {
            tab: f'{self.course.place(page)}:{statement.first}'
            for page, of_page in index_of(self.course).items()
            for tab, code in of_page.items()
            for statement in code.saved
            if match['name'] in statement.names
        }
        where = ', '.join(f'{tab} ({place})' for tab, place in tabs.items())
        return f'The course saves {match["name"]} on {where} only.' if where else ''

    def _arguments(self, failure: 'Failure') -> str:
        """That the course has its own definition of what was called with other arguments."""
        match = CALL.match(failure.evalue) if failure.ename == 'TypeError' else None
        if not match or not failure.cell or self.course.prefer == 'course':
            return ''
        line = failure.cell.source.split('\n')[failure.line - failure.cell.first_line]
        # What failed may be the constructor of a base class, so the call in the page counts, too.
        for name in [match['name'], *CALLED.findall(line)]:
            place = self.definitions.chosen(name)
            if place and name in interface.NAMES and name not in SHARED:
                return (
                    f'This is {name} of d2lite; the course has its own, in '
                    f'{place.where(self.course)}. --prefer course, or prefer = "course" in '
                    f'd2lite.toml, takes that.'
                )
        return ''

    def _saved_code(self, traceback: str) -> str:
        """Where the error stands, if that is in the saved code of a page."""
        found = ''
        for match in PLACE.finditer(traceback):
            for page, code in self.definitions.pages.items():
                place, line = self.course.place(page), int(match['line'])
                # The path may begin with ~, so only its end is compared.
                if not match['file'].endswith(f'{self.course.folder.name}/{place}'):
                    continue
                for statement in code.saved:
                    if statement.first <= line <= statement.last:
                        found = f'{place}:{line} (cell {statement.cell})'
        asked = f'which {self.course.place(self.page)} asked for.'
        return f'The error is in saved code, {found}, {asked}' if found else ''
