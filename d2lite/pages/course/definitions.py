"""Which definition of a name counts for the page that asks.

Of several, the last one up to the asking page in the order of the course; if all come later, the
first of them. Who is no page of the course, such as a notebook, asks from its end.
"""

from dataclasses import dataclass
from pathlib import Path

from d2lite.pages.course.folder import Course
from d2lite.pages.course.index import EVERY_TAB, index_of
from d2lite.pages.course.saved import PageCode, Statement


@dataclass(frozen=True)
class Place:
    """A saved statement and the page that it is on; `order` is its place in the course."""

    page: Path
    statement: Statement
    order: tuple[int, int]

    def where(self, course: Course) -> str:
        """`part/first.md:12`."""
        return f'{course.place(self.page)}:{self.statement.first}'


class Definitions:
    """What a course saves on one tab."""

    def __init__(self, course: Course, tab: str, page: Path | None = None) -> None:
        self.course, self.tab = course, tab
        self.pages: dict[Path, PageCode] = {}
        self.all: dict[str, list[Place]] = {}  # by the name that they define
        self.additions: dict[str, list[Place]] = {}  # by the name of what they add to
        for number, (path, tabs) in enumerate(index_of(course).items()):
            code = tabs.get(tab) or tabs.get(EVERY_TAB) or PageCode()
            self.pages[path] = code
            for statement in code.saved:
                place = Place(path, statement, (number, statement.first))
                for name in statement.names:
                    self.all.setdefault(name, []).append(place)
                if statement.target:
                    self.additions.setdefault(statement.target, []).append(place)
        numbers = {path: number for number, path in enumerate(self.pages)}
        self.asking = numbers.get(page, len(numbers))

    def chosen(self, name: str) -> Place | None:
        """The definition of a name that counts; None if the course has none."""
        return self._choose(self.all.get(name, []))

    def additions_to(self, name: str) -> list[Place]:
        """The statements that add to a name, in order; of each method the one that counts.

        Those of the asking page are left out: it runs them itself.
        """
        added = self.additions.get(name, [])
        methods = {}
        for place in added:
            key = place.statement.method or place.order
            methods.setdefault(key, []).append(place)
        found = [self._choose(places) for places in methods.values()]
        others = [place for place in found if place.order[0] != self.asking]
        return sorted(others, key=lambda place: place.order)

    def _choose(self, places: list[Place]) -> Place | None:
        before = [place for place in places if place.order[0] <= self.asking]
        return before[-1] if before else next(iter(places), None)
