"""Looks up an object by its name with dots, and gives a module one more name."""

import builtins
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

_lent: dict[ModuleType, dict[str, Callable[[], Any]]] = {}


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


def add_to_module(module: ModuleType, name: str, take: Callable[[], Any]) -> None:
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
