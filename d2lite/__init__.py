"""d2lite: one deep-learning lesson on MXNet, PyTorch, TensorFlow and JAX.

    import d2lite as d2l                # the backend that D2LITE_BACKEND names
    from d2lite import torch as d2l     # PyTorch, whatever the variable says

Importing d2lite is cheap: the framework is imported when a name of it is first used.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, Any

from d2lite import faces, interface
from d2lite.selection import BackendError, available, backend

if TYPE_CHECKING:
    # For editors, which see the names of one backend in place of `__getattr__`.
    from d2lite_torch import *  # noqa: F403

__version__ = '0.1.0'

__all__ = ['BackendError', 'available', 'backend', 'compat', 'install_as_d2l']

# `from d2lite import torch` asks `__getattr__` for these before it imports them.
_SUBMODULES = {module.name for module in pkgutil.iter_modules(__path__)}  # noqa: F405


def install_as_d2l() -> None:
    """Makes d2lite importable as `d2l`, and its tab extension as `d2lbook.tab`, in this process."""
    from d2lite.pages.jupyter.aliases import install

    install()


def compat() -> None:
    """Lends this process names that the frameworks have given up; docs/compat.md lists them.

    Nothing else in d2lite changes the module of somebody else. Call it before the framework is
    imported: which Keras TensorFlow has is decided then.
    """
    from d2lite.pages.compat.lending import lend

    lend()


def __getattr__(name: str) -> ModuleType | Any:
    if name.startswith('_'):  # notebooks and inspect look for such names without need of a backend
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    if name in _SUBMODULES:
        return importlib.import_module(f'{__name__}.{name}')
    return getattr(faces.face_of(backend()), name)


def __dir__() -> list[str]:
    # The interface is the same on every backend, so completion imports no framework.
    return sorted({*globals(), *_SUBMODULES, *interface.NAMES})
