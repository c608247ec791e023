"""The kinds of names that packages have given up, and how each kind is lent."""

import functools
import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from d2lite.pages.compat.modules import add_to_module, find
from d2lite.pages.compat.old_name import OldName


@dataclass(frozen=True)
class Alias(OldName):
    """An attribute of a module that has another name today: `use`, with dots."""

    lendable = True

    def lend(self) -> None:
        add_to_module(importlib.import_module(self.module), self.attribute, self.take)

    def take(self) -> Any:
        """What the name stands for today."""
        self.note()
        return find(self.use)


@dataclass(frozen=True)
class OldModule(Alias):
    """A module that is another one today; `module` is its package, or '' if it has none."""

    @property
    def name(self) -> str:
        return f'{self.module}.{self.attribute}'.lstrip('.')

    def lend(self) -> None:
        if find_spec(self.name):
            return
        stand_in = ModuleType(self.name, f'Stands for {self.use}; made by d2lite.')
        stand_in.__path__ = []
        stand_in.__getattr__ = lambda name: self._attribute(name)
        sys.modules[self.name] = stand_in
        package, _, last = self.attribute.rpartition('.')
        if package:  # it belongs to another stand-in
            setattr(sys.modules[package], last, stand_in)
        if self.module and not hasattr(sys.modules[self.module], self.attribute):
            add_to_module(sys.modules[self.module], self.attribute, self.take)

    def explains(self, kind: str, message: str, code: str) -> bool:
        by_name = kind == 'ModuleNotFoundError' and f"No module named '{self.name}'" in message
        return by_name or super().explains(kind, message, code)

    def _attribute(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        self.take()
        try:
            return find(f'{self.use}.{name}')
        except ImportError:
            raise AttributeError(f'module {self.use!r} has no attribute {name!r}') from None


@dataclass(frozen=True)
class Made(OldName):
    """A function or method that d2lite has written: `make()` gives it."""

    make: Callable[[], Callable[..., Any]] | None = None

    lendable = True

    def lend(self) -> None:
        path, _, last = self.name.rpartition('.')
        function = self.make()

        @functools.wraps(function)
        def noted(*args: Any, **kwargs: Any) -> Any:
            self.note()
            return function(*args, **kwargs)

        setattr(find(path), last, noted)


@dataclass(frozen=True)
class OldForm(OldName):
    """An older way to call a function that is still there.

    `accept(function, note)` gives a function that takes both ways, and calls `note()` in the older.
    """

    form: str = ''  # how it was called: '(method=)', or ' with a relative path'
    accept: Callable[[Callable[..., Any], Callable[[], None]], Callable[..., Any]] | None = None

    lendable = True

    @property
    def name(self) -> str:
        return f'{super().name}{self.form}'

    def lend(self) -> None:
        path, _, last = f'{self.module}.{self.attribute}'.rpartition('.')
        owner = find(path)
        function = getattr(owner, last)
        setattr(owner, last, functools.wraps(function)(self.accept(function, self.note)))


@dataclass(frozen=True)
class OldProperty(OldName):
    """A property of a class that `get` of an object gives."""

    get: Callable[[Any], Any] | None = None

    lendable = True

    def lend(self) -> None:
        path, _, last = self.name.rpartition('.')
        setattr(find(path), last, property(self._noted))

    def _noted(self, owner):
        self.note()
        return self.get(owner)


@dataclass(frozen=True)
class OldArgument(OldName):
    """A keyword that a function no longer takes. It is left out, or handed on by its `new` name."""

    keyword: str = ''
    new: str | None = None

    lendable = True

    @property
    def name(self) -> str:
        return f'{super().name}({self.keyword}=)'

    def lend(self) -> None:
        path, _, last = f'{self.module}.{self.attribute}'.rpartition('.')
        owner = find(path)
        function = getattr(owner, last)

        @functools.wraps(function)
        def taking(*args: Any, **kwargs: Any) -> Any:
            if self.keyword in kwargs:
                self.note()
                value = kwargs.pop(self.keyword)
                if self.new:
                    kwargs[self.new] = value
            return function(*args, **kwargs)

        setattr(owner, last, taking)

    def explains(self, kind: str, message: str, code: str) -> bool:
        if self.error:
            return re.search(self.error, message) is not None
        function = self.attribute.removesuffix('.__init__').rpartition('.')[2]
        mentioned = re.search(rf'\b{function}\b', f'{message}\n{code}')
        return f"'{self.keyword}'" in message and mentioned is not None


@dataclass(frozen=True)
class Setting(OldName):
    """An earlier behaviour that the package itself still offers: `set` turns it on."""

    set: Callable[[], None] | None = None

    lendable = True

    def lend(self) -> None:
        self.set()
        self.note()

    @property
    def name(self) -> str:
        return self.attribute


@dataclass(frozen=True)
class OldCall(OldName):
    """A call that `calls.OldCalls` rewrites in the cells of a notebook."""

    lendable = True

    @property
    def name(self) -> str:
        return self.attribute
