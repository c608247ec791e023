"""One line that says what an object is, for the end of a cell."""

import inspect
from numbers import Number
from typing import Any

__all__ = ['with_arguments']

LONGEST = 30  # characters of a text


def with_arguments(thing: Any) -> str:
    """The class of `thing`, and what its constructor was given: numbers and texts, no defaults."""
    hparams, shown = getattr(thing, 'hparams', {}), []
    for name, parameter in inspect.signature(type(thing)).parameters.items():
        value = hparams.get(name)
        if _is_short(value) and value != parameter.default:
            shown.append(f'{name}={value!r}')
    return f'{type(thing).__name__}({", ".join(shown)})'


def _is_short(value):
    return isinstance(value, Number) or (isinstance(value, str) and len(value) <= LONGEST)
