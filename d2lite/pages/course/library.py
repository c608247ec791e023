"""What `d2l.NAME` is in a course on one tab: d2lite's own, or what a page saves.

The code of a page runs when its name is first asked for; see saved_code.py.
"""

import builtins
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from d2lite.pages.course.definitions import Definitions, Place
from d2lite.pages.course.saved_code import SavedCode

# d2lite's in any case: the backends, the loop and the pages of other courses are written for them.
SHARED = {
    'HyperParameters', 'Module', 'Classifier', 'DataModule', 'Trainer', 'ProgressBoard',
    'add_to_class',
}  # fmt: skip
HUB = 'DATA_HUB'  # a table that these functions read
READ_HUB = ('download', 'download_extract')


class Library:
    """The names of a course, on top of d2lite's own."""

    def __init__(
        self,
        definitions: Definitions,
        own: dict[str, Any],
        face: ModuleType,
        absent: Callable[[str], Any],
        prefer: str = 'd2lite',
        page: Path | None = None,
        variables: dict[str, Any] | None = None,
    ) -> None:
        """`own` are d2lite's names. `page` is the asking page, and `variables` are what it has.

        `face` is the module `d2l` of saved code. `absent(name)` is called for a name that neither
        has, and raises its error.
        """
        self.definitions, self.own, self.absent, self.prefer = definitions, own, absent, prefer
        self.page, self.variables = page, {} if variables is None else variables
        self.values: dict[str, Any] = {}
        self.lent: dict[str, Place] = {}  # names that the course has defined so far
        self.kept: list[tuple[str, Place]] = []  # methods that d2lite's class has already
        self._code = SavedCode(definitions, face, self._bare)

    def contested(self) -> set[str]:
        """d2lite's own names in which the course has a say: it defines them, or adds to them."""
        added = self.definitions.additions
        by_course = {name for name in self.own if self._is_courses(name)}
        to_classes = {
            name
            for name, value in self.own.items()
            if isinstance(value, type) and any(cls.__name__ in added for cls in value.__mro__)
        }
        hub = {*READ_HUB, HUB} if HUB in added else set()
        return by_course | to_classes | (hub | added.keys()) & self.own.keys()

    def value(self, name: str) -> Any:
        """What `d2l.NAME` is. Raises the error for a missing name, or what its code raises."""
        place = self.definitions.chosen(name)
        if place and self._is_own_page(place) and name in self.variables:
            if name not in self.own or self._is_courses(name):
                return self.variables[name]
        if name in self.values:
            return self.values[name]
        if name in self.own and not self._is_courses(name):
            self.values[name] = self.own[name]
            self._add_to_own(name)
        elif place is None:
            self.values[name] = self.absent(name)
        else:
            self.values[name] = self._code.value(place, name)
            self.lent[name] = place
            self._add_to_courses(name, place)
        return self.values[name]

    def is_lasting(self, name: str) -> bool:
        """False for what the asking page saves itself: its cell may give the name a new value."""
        place = self.definitions.chosen(name)
        return not (place and self._is_own_page(place))

    def _is_courses(self, name: str) -> bool:
        """True if the definition of the course counts, not d2lite's."""
        has = self.prefer == 'course' and name not in SHARED
        return has and self.definitions.chosen(name) is not None

    def _is_own_page(self, place: Place) -> bool:
        return place.page == self.page

    def _add_to_own(self, name: str) -> None:
        """Runs what the course adds to a name of d2lite; a method that a class has stays."""
        value = self.own[name]
        targets = [name, HUB] if name in READ_HUB else [name]
        if isinstance(value, type):
            bases = [base.__name__ for base in value.__mro__]
            targets = [each for each in bases if self.own.get(each) in value.__mro__]
        for target in targets:
            for place in self.definitions.additions_to(target):
                method = place.statement.method
                what = f'{target}.{method}' if method else target
                if self._code.has_run(place) or (what, place) in self.kept:
                    continue
                if method and hasattr(self.own[target], method):
                    self.kept.append((what, place))
                else:
                    self.lent[what] = place
                    self._code.run(place)

    def _add_to_courses(self, name: str, defined: Place) -> None:
        """Runs what the course adds to a definition of its own."""
        for place in self.definitions.additions_to(name):
            method = place.statement.method
            if place.order > defined.order or not (method and method in vars(self.values[name])):
                self._code.run(place)

    def _bare(self, name: str) -> Any:
        """What a name without `d2l.` means in saved code, if its page does not import it.

        Raises KeyError if it is nobody's, or Python's own.
        """
        if self.definitions.chosen(name) is None:
            if name not in self.own or hasattr(builtins, name):
                raise KeyError(name)
        return self.value(name)
