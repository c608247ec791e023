"""The kinds of names that packages have given up, and how each kind is lent."""

import builtins
import functools
import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType
from typing import Any

used: dict[str, 'OldName'] = {}  # what was used in this process, by name

_lent: dict[ModuleType, dict[str, Callable[[], Any]]] = {}

MISSING = ('AttributeError', 'ImportError', 'ModuleNotFoundError')


@dataclass(frozen=True)
class OldName:
    """A name that a package has given up. By itself it cannot be lent, and is only explained."""

    module: str  # where it was: 'jax.random'
    attribute: str  # 'KeyArray', or 'DataFrame.append' of a class
    gone: str  # the release that no longer has it, 'JAX 0.4.24', or 'not in MXNet 1.9 yet'
    use: str  # what to write today
    error: str = ''  # a pattern of the error that it leads to; '' if the error has its name

    lendable = False

    @property
    def name(self) -> str:
        """The whole name, as in 'jax.random.KeyArray'."""
        return f'{self.module}.{self.attribute}'.removesuffix('.__init__')

    @property
    def sentence(self) -> str:
        """Since when it is gone, and what to write today."""
        when = self.gone if self.gone.startswith('not in') else f'gone since {self.gone}'
        return f'{self.name} is {when}; today: {self.use}'

    def lend(self) -> None:
        """Puts it where it was; called when its module has been imported."""

    def note(self) -> None:
        """Remembers that it was used."""
        used[self.name] = self

    def explains(self, kind: str, message: str, code: str) -> bool:
        """True if the error `message`, of class `kind`, comes from this name in `code`."""
        if self.error:
            return re.search(self.error, message) is not None
        owner, _, last = self.attribute.rpartition('.')
        named = f"'{owner or self.module}'" in message and f"'{last}'" in message
        whole = re.search(rf'\b{re.escape(self.name)}\b', message)
        if self.module == 'numpy':
            whole = whole or f'`np.{last}`' in message
        return kind in MISSING and (named or bool(whole))


@dataclass(frozen=True)
class Alias(OldName):
    """An attribute of a module that has another name today: `use`, with dots."""

    lendable = True

    def lend(self) -> None:
        _add_to_module(importlib.import_module(self.module), self.attribute, self.take)

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
            _add_to_module(sys.modules[self.module], self.attribute, self.take)

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


def find(name: str) -> Any:
    """The object of a name with dots, or a builtin; its modules are imported."""
    first, *rest = name.split('.')
    if not rest:
        return getattr(builtins, first, None) or importlib.import_module(first)
    found = importlib.import_module(first)
    for position, part in enumerate(rest, start=1):
        try:
            found = getattr(found, part)
        except AttributeError:
            if not isinstance(found, ModuleType):
                raise
            found = importlib.import_module('.'.join([first, *rest[:position]]))
    return found


def _add_to_module(module: ModuleType, name: str, take: Callable[[], Any]) -> None:
    """Makes `module.name` what `take()` gives, if the module itself has no such name."""
    if module in _lent:
        _lent[module][name] = take
        return
    names = _lent[module] = {name: take}
    before = getattr(module, '__getattr__', None)

    def lookup(asked: str) -> Any:
        if asked in names:
            return names[asked]()
        if before is None:
            raise AttributeError(f'module {module.__name__!r} has no attribute {asked!r}')
        return before(asked)

    module.__getattr__ = lookup  # Python asks it for names that the module does not have
