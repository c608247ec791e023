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
        functions = self.waiting.pop(fullname, None)
        if not functions:
            return None
        spec = importlib.util.find_spec(fullname)  # by the other finders, for nobody waits now
        if spec and spec.loader:
            spec.loader = _Loader(spec.loader, functions)
        else:
            self.waiting[fullname] = functions
        return spec


class _Loader(Loader):
    """The loader of a module, which calls functions in the end."""

    def __init__(self, loader, functions):
        self.loader, self.functions = loader, functions

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        # Whoever asks the module for its loader, as for files of its package, gets the real one.
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        for function in self.functions:
            function()
