"""Runs saved statements, each once, in a module of its page.

The page's imports and the names of other pages come into that module as a statement reads them, and
nothing else of the page runs. Tracebacks show the lines of the page.
"""

import linecache
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from d2lite.pages.course.code import module_of, needed_names
from d2lite.pages.course.definitions import Definitions, Place
from d2lite.pages.course.saved import NAMES_D2L, Statement


class SavedCode:
    """The saved code of a course on one tab."""

    def __init__(
        self, definitions: Definitions, face: ModuleType, bare: Callable[[str], Any]
    ) -> None:
        """`face` is what saved code calls `d2l`; `bare` gives names without it, or a KeyError."""
        self.definitions, self.face, self.bare = definitions, face, bare
        self._modules: dict[Path, ModuleType] = {}
        self._done: set[tuple[int, int]] = set()
        self._running: list[tuple[int, int]] = []
        self._waiting: dict[tuple[int, int], list[tuple[ModuleType, str]]] = {}

    def has_run(self, place: Place) -> bool:
        """True if the statement has run, or is running."""
        return place.order in self._done or place.order in self._running

    def value(self, place: Place, name: str) -> Any:
        """What `name` is after the statement. Raises what the statement raises."""
        if place.order in self._running:
            raise NameError(f'd2l.{name} is asked for while it is being defined')
        self.run(place)
        return self._module(place.page).__dict__[name]

    def run(self, place: Place) -> None:
        """Runs a statement, if it has not. Raises what it raises."""
        if self.has_run(place):
            return
        self._running.append(place.order)
        try:
            self._execute(place.page, place.statement)
        finally:
            self._running.remove(place.order)
        self._done.add(place.order)
        for waiting, name in self._waiting.pop(place.order, []):
            waiting.__dict__[name] = self._module(place.page).__dict__[name]

    def _execute(self, page: Path, statement: Statement) -> None:
        module = self._module(page)
        lines = read_lines(page)
        tree = module_of(lines, statement.first, statement.last, self.definitions.tab)
        _show(page, lines, statement)
        for name in needed_names(tree):
            if name not in statement.names or statement.target:
                self._bind(module, page, name)
        exec(compile(tree, str(page), 'exec'), module.__dict__)

    def _bind(self, module: ModuleType, page: Path, name: str) -> None:
        """Gives a module the name that its code reads: an import of its page, or a name of d2l."""
        if name in module.__dict__:
            return
        if name in NAMES_D2L:
            module.__dict__[name] = self.face
            return
        for statement in self.definitions.pages[page].imports:
            if name in statement.names:
                return self._execute(page, statement)
        place = self.definitions.chosen(name)
        if place and place.order in self._running:  # two that read each other
            self._waiting.setdefault(place.order, []).append((module, name))
            return
        try:
            module.__dict__[name] = self.bare(name)
        except KeyError:
            pass  # Python's own, or it will say that the name is not defined

    def _module(self, page: Path) -> ModuleType:
        if page not in self._modules:
            place = Path(self.definitions.course.place(page)).with_suffix('')
            name = '.'.join([f'{self.definitions.tab}_course', *place.parts])
            module = self._modules[page] = ModuleType(name, f'Saved code of {page}.')
            module.__file__ = str(page)
            sys.modules[name] = module  # where dataclasses and pickle look for it
        return self._modules[page]


def read_lines(page: Path) -> list[str]:
    """The lines of a page, as cells count them. Raises OSError if it is gone."""
    text = page.read_text(encoding='utf-8-sig')  # which makes other ends of lines \n
    return text.split('\n')


def _show(page: Path, lines: list[str], statement: Statement) -> None:
    """Makes the code known by its lines in the page: to tracebacks, and to who reads its source.

    The text of the page itself is no Python, so only the lines of code are there.
    """
    known = linecache.cache.get(str(page), (0, None, [], ''))[2]
    shown = [*known, *['\n'] * (len(lines) - len(known))]
    code = textwrap.dedent('\n'.join(lines[statement.first - 1 : statement.last]))
    for number, line in enumerate(code.split('\n'), statement.first - 1):
        shown[number] = line + '\n'
    linecache.cache[str(page)] = (sum(map(len, shown)), None, shown, str(page))
