"""d2lite: one deep-learning lesson on MXNet, PyTorch, TensorFlow and JAX.

    import d2lite as d2l                # the backend that D2LITE_BACKEND names
    from d2lite import torch as d2l     # PyTorch, whatever the variable says

Importing d2lite is cheap: the framework is imported when a name of it is first used.
"""

import importlib
import pkgutil

from d2lite import interface, selection
from d2lite.selection import BackendError, available, backend

__version__ = '0.1.0'

__all__ = ['BackendError', 'available', 'backend', 'install_as_d2l']

# `from d2lite import torch` and the like ask for these here first.
_SUBMODULES = {module.name for module in pkgutil.iter_modules(__path__)}


def install_as_d2l() -> None:
    """Makes `import d2l` and `%load_ext d2lbook.tab` mean d2lite, in this process only."""
    from d2lite.pages.jupyter.aliases import install

    install()


def __getattr__(name: str):
    if name.startswith('_'):  # notebooks and inspect probe for these; they are no use of a backend
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    if name in _SUBMODULES:
        return importlib.import_module(f'{__name__}.{name}')
    selected = selection.load(backend())
    try:
        return getattr(selected, name)
    except AttributeError:
        raise AttributeError(f'd2lite on {backend()} has no {name!r}') from None


def __dir__() -> list[str]:
    # The interface is the same on every backend, so completion need not import a framework.
    return sorted({*globals(), *_SUBMODULES, *interface.NAMES})
