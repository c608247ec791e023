"""The registered backends, the installed ones, and the one that is selected.

The rules:

1. `D2LITE_BACKEND` names the backend of `import d2lite as d2l`. Unset or empty, it is the first
   installed one of `PREFERENCE`.
2. It is read when the backend is first used, and holds from then on. A different value later is an
   error: tensors of two frameworks do not mix, so a kernel has to be restarted to change it.
3. `from d2lite import torch as d2l` and its siblings do not read the variable and select nothing.
4. Nothing here imports a framework; only `load` does, for the backend that it is given.
"""

import importlib
import importlib.util
import os
import sys
from functools import cache
from importlib import metadata
from types import ModuleType

VARIABLE = 'D2LITE_BACKEND'
PREFERENCE = ('pytorch', 'jax', 'tensorflow', 'mxnet')
ALIASES = {'torch': 'pytorch', 'tf': 'tensorflow'}

# The modules that a backend of d2lite needs. A backend of somebody else, registered under the same
# entry-point group, counts as installed when its own package is found.
FRAMEWORKS = {
    'mxnet': ('mxnet', 'requests'),
    'pytorch': ('torch',),
    'tensorflow': ('tensorflow',),
    'jax': ('jax', 'flax', 'optax'),
    'nnx': ('jax', 'flax', 'optax'),
}

# More backends of one framework, in another style: the tab of a page runs on the first of these
# whose name its cells use, as `nnx.Linear`.
STYLES = {'jax': ('nnx',)}

_selected: str | None = None  # the backend, from its first use on
_asked: str | None = None  # the value of the variable at that time


class BackendError(ImportError):
    """A backend is unknown, not installed, or was changed after its first use."""


def backend() -> str:
    """Name of the selected backend, e.g. `'pytorch'`. The first use fixes the choice.

    Raises BackendError if `D2LITE_BACKEND` names an unknown or missing backend, or names another
    one than at first use.
    """
    global _selected, _asked
    asked = os.environ.get(VARIABLE, '').strip()
    if _selected is None:
        name = canonical_name(asked) if asked else _first_available()
        require(name)
        _selected, _asked = name, asked
    elif asked and asked != _asked and canonical_name(asked) != _selected:
        raise BackendError(
            f'{VARIABLE} is now {asked!r}, but this process has been using {_selected!r} since its '
            f'first use of d2lite. Restart the kernel (or the script) to change the backend, or '
            f'set {VARIABLE} back to {_selected!r}.'
        )
    return _selected


def selected_or_none() -> str | None:
    """Name of the backend if it has been used already, else None. Selects nothing."""
    return _selected


@cache
def registered_backends() -> dict[str, str]:
    """All registered backends, preferred ones first: their names, and the packages behind them."""
    found = {point.name: point.value for point in metadata.entry_points(group='d2lite.backends')}
    order = [name for name in PREFERENCE if name in found]
    return {name: found[name] for name in order + sorted(found.keys() - set(order))}


def available() -> list[str]:
    """Names of the backends whose framework is installed, preferred ones first; imports nothing."""
    return [name for name in registered_backends() if not missing_modules(name)]


def canonical_name(name: str) -> str:
    """The backend that `name` stands for: `'torch'` and `'tf'` are understood, case is ignored.

    Raises BackendError for an unknown name.
    """
    wanted = ALIASES.get(name.strip().lower(), name.strip().lower())
    if wanted not in registered_backends():
        raise BackendError(
            f'Unknown backend {name!r}. The backends are {", ".join(registered_backends())}; '
            f'installed here: {_installed()}.'
        )
    return wanted


def missing_modules(name: str) -> list[str]:
    """The modules that backend `name` needs and that are not installed, by their import names."""
    modules = FRAMEWORKS.get(name) or (registered_backends()[name].partition('.')[0],)
    return [module for module in modules if importlib.util.find_spec(module) is None]


def backends_by_module() -> dict[str, str]:
    """The backend that a module of a framework tells; the first, where two are built on it."""
    pairs = [(m, name) for name, modules in FRAMEWORKS.items() for m in modules]
    return {module: name for module, name in reversed(pairs) if module != 'requests'}


def install_line(name: str) -> str:
    """The shell command that installs what backend `name`, or the extra `name`, needs."""
    from packaging.requirements import Requirement

    if name == 'mxnet':
        # Its metadata ask for numpy<2, which the other frameworks cannot live with.
        return 'pip install requests && pip install --no-deps mxnet==1.9.1'
    # Somebody else's backend installs with its own package; ours need what the extra lists.
    if name in registered_backends() and name not in FRAMEWORKS:
        requirements = [registered_backends()[name].partition('.')[0]]
    else:
        listed = [Requirement(text) for text in metadata.requires('d2lite') or ()]
        requirements = [
            f'"{requirement.name}{requirement.specifier}"'
            for requirement in listed
            if requirement.marker and requirement.marker.evaluate({'extra': name})
        ]
    return f'pip install {" ".join(requirements)}'


def require(name: str) -> None:
    """Raises BackendError, with an install command, if something that `name` needs is missing."""
    if missing := missing_modules(name):
        raise BackendError(
            f'The {name} backend needs {", ".join(missing)}, not installed here. Install with:\n'
            f'    {install_line(name)}\n'
            f'Backends installed here: {_installed()}.'
        )


def load(name: str) -> ModuleType:
    """The namespace of backend `name`. Raises BackendError if unknown or not installed."""
    name = canonical_name(name)
    package = registered_backends()[name]
    if package not in sys.modules:
        require(name)
    return importlib.import_module(package)


def _installed() -> str:
    return ', '.join(available()) or 'none'


def _first_available() -> str:
    for name in available():
        return name
    lines = '\n'.join(f'    {install_line(name)}' for name in registered_backends())
    raise BackendError(f'No deep-learning framework is installed. Install one with:\n{lines}')
