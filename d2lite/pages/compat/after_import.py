"""Calls a function as soon as a module has been imported, and imports nothing by itself."""

import importlib.util
import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class AfterImport(MetaPathFinder):
    """Functions that wait for modules."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[Callable[[], None]]] = {}
        self.searched: set[str] = set()

    def when(self, module: str, function: Callable[[], None]) -> None:
        """Calls `function` when `module` has been imported: now, if it has been already."""
        if module in sys.modules:
            function()
            return
        self.waiting.setdefault(module, []).append(function)
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self.waiting or fullname in self.searched:
            return None
        self.searched.add(fullname)
        try:
            spec = importlib.util.find_spec(fullname)  # by the other finders
        finally:
            self.searched.remove(fullname)
        if spec and spec.loader:
            spec.loader = _Loader(spec.loader, lambda: self._imported(fullname))
        return spec

    def _imported(self, name):
        for function in self.waiting.pop(name, []):
            function()


class _Loader(Loader):
    """The loader of a module, which calls `then()` in the end."""

    def __init__(self, loader, then):
        self.loader, self.then = loader, then

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        # Whoever asks the module for its loader, as for files of its package, gets the real one.
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.then()
