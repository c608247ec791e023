"""The kinds of names that packages have given up, and how each kind is lent."""

import functools
import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

used: dict[str, 'OldName'] = {}  # what was used in this process, by name

MISSING = ('AttributeError', 'ImportError', 'ModuleNotFoundError')


@dataclass(frozen=True)
class OldName:
    """A name that a package has given up. By itself it cannot be lent, and is only explained."""

    module: str  # where it was: 'jax.random'
    attribute: str  # 'KeyArray', or 'DataFrame.append' of a class
    gone: str  # the release that no longer has it: 'JAX 0.4.24'
    use: str  # what to write today
    error: str = ''  # a pattern of the error that it leads to; '' if the error has its name

    lendable = False

    @property
    def name(self) -> str:
        """The whole name, as in 'jax.random.KeyArray'."""
        return f'{self.module}.{self.attribute}'.removesuffix('.__init__')

    def lend(self) -> None:
        """Puts it where it was; called when its module has been imported."""

    def explains(self, kind: str, message: str, code: str) -> bool:
        """True if the error `message`, of class `kind`, comes from this name in `code`."""
        if self.error:
            return re.search(self.error, message) is not None
        owner, _, last = self.attribute.rpartition('.')
        named = f"'{owner or self.module}'" in message and f"'{last}'" in message
        return kind in MISSING and (named or re.search(rf'\b{self.name}\b', message) is not None)


@dataclass(frozen=True)
class Alias(OldName):
    """An attribute of a module that has another name today: `use`, with dots."""

    lendable = True

    def lend(self) -> None:
        _add_to_module(importlib.import_module(self.module), self.attribute, self.take)

    def take(self) -> Any:
        """What the name stands for today."""
        used[self.name] = self
        return find(self.use)


@dataclass(frozen=True)
class OldModule(Alias):
    """A module that is another one today; `module` is its package, or '' if it has none."""

    @property
    def name(self) -> str:
        return f'{self.module}.{self.attribute}'.lstrip('.')

    def lend(self) -> None:
        stand_in = ModuleType(self.name, f'Stands for {self.use}; made by d2lite.')
        stand_in.__path__ = []
        stand_in.__getattr__ = lambda name: self._attribute(name)
        sys.modules.setdefault(self.name, stand_in)
        if self.module and not hasattr(sys.modules[self.module], self.attribute):
            _add_to_module(sys.modules[self.module], self.attribute, self.take)

    def explains(self, kind: str, message: str, code: str) -> bool:
        by_name = kind == 'ModuleNotFoundError' and f"No module named '{self.name}'" in message
        return by_name or super().explains(kind, message, code)

    def _attribute(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return getattr(self.take(), name)


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
            used[self.name] = self
            return function(*args, **kwargs)

        setattr(find(path), last, noted)


@dataclass(frozen=True)
class OldProperty(OldName):
    """A property of a class that `get` of an object gives."""

    get: Callable[[Any], Any] | None = None

    lendable = True

    def lend(self) -> None:
        path, _, last = self.name.rpartition('.')
        setattr(find(path), last, property(self._noted))

    def _noted(self, owner):
        used[self.name] = self
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
                used[self.name] = self
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
        used[self.name] = self

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


def find(name: str) -> Any:
    """The object of a name with dots; its modules are imported."""
    parts = name.split('.')
    found = importlib.import_module(parts[0])
    for position, part in enumerate(parts[1:], start=2):
        try:
            found = getattr(found, part)
        except AttributeError:
            if not isinstance(found, ModuleType):
                raise
            found = importlib.import_module('.'.join(parts[:position]))
    return found


def _add_to_module(module: ModuleType, name: str, take: Callable[[], Any]) -> None:
    """Makes `module.name` what `take()` gives, if the module itself has no such name."""
    before = getattr(module, '__getattr__', None)

    def lookup(asked: str) -> Any:
        if asked == name:
            return take()
        if before is None:
            raise AttributeError(f'module {module.__name__!r} has no attribute {asked!r}')
        return before(asked)

    module.__getattr__ = lookup
