"""Makes the book's names mean d2lite, in this process only.

After `install()`, `import d2l`, `from d2l import jax as d2l` and `import d2l.torch` give d2lite,
and `d2lbook.tab` is d2lite.pages.jupyter.tab, whether or not the book's own packages are installed.
"""

import importlib
import importlib.util
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

import d2lite
from d2lite.pages.jupyter import tab


def install() -> None:
    """Aliases `d2l` and `d2lbook.tab`; modules imported under these names before are forgotten."""
    if sys.modules.get('d2l') is d2lite:
        return
    for name in list(sys.modules):
        if name.partition('.')[0] in ('d2l', 'd2lbook'):
            del sys.modules[name]
    sys.modules['d2l'] = d2lite
    book = ModuleType('d2lbook', "Stands for the book's own tools; made by d2lite.")
    book.__path__ = []  # a package without files, so that no other module of it is found
    book.tab = tab
    sys.modules['d2lbook'] = book
    sys.modules['d2lbook.tab'] = tab
    sys.meta_path.insert(0, _Submodules())


def exchange(name: str, face: ModuleType) -> None:
    """Makes `from d2lite import NAME` and `from d2l import NAME` give another face."""
    setattr(d2lite, name, face)
    for package in ('d2lite', 'd2l'):
        sys.modules[f'{package}.{name}'] = face


class _Submodules(MetaPathFinder, Loader):
    """Finds `d2l.x` as `d2lite.x`, when it is first imported: a face brings its framework along.

    Without it Python would find the file by `d2lite.__path__` and load it a second time.
    """

    def find_spec(self, fullname, path=None, target=None):
        if not fullname.startswith('d2l.') or sys.modules.get('d2l') is not d2lite:
            return None
        real = importlib.util.find_spec('d2lite' + fullname.removeprefix('d2l'))
        return real and ModuleSpec(fullname, self)

    def create_module(self, spec):
        module = importlib.import_module('d2lite' + spec.name.removeprefix('d2l'))
        spec.loader_state = module.__spec__  # the import system puts `spec` in its place
        return module

    def exec_module(self, module):
        module.__spec__ = module.__spec__.loader_state
