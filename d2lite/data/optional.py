"""Packages that only some of the data need."""

import importlib
from types import ModuleType


def import_for(purpose: str, module: str) -> ModuleType:
    """The module, which `purpose` needs. Raises ImportError, which says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f'{purpose} needs {module}, which cannot be imported here ({error}). Install it with:\n'
            f'    pip install "d2lite[data]"'
        ) from None
