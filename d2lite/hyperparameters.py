"""Constructor arguments as attributes, and classes that are defined cell by cell."""

import inspect
from collections.abc import Callable, Iterable
from typing import TypeVar

Function = TypeVar('Function', bound=Callable)


class HyperParameters:
    """A class whose constructor arguments become attributes with one call."""

    def save_hyperparameters(self, ignore: Iterable[str] = ()) -> None:
        """Saves the arguments of the calling `__init__` as attributes, and in `self.hparams`.

        They have the values of the moment of the call. Local variables, and the arguments of a
        constructor that called that one, are not saved. `ignore`: names of arguments to leave out;
        `self` and names that begin with an underscore always are. Raises RuntimeError outside of a
        method. Definition: d2l, section "Object-Oriented Design for Implementation".
        """
        if isinstance(ignore, str):
            raise TypeError(f'ignore is a list of names: write ignore=[{ignore!r}]')
        frame = inspect.currentframe().f_back
        arguments, varargs, keywords, values = inspect.getargvalues(frame)
        if not arguments or values.get(arguments[0]) is not self:
            raise RuntimeError('save_hyperparameters() must be called in a method, e.g. __init__')
        names = [name for name in (*arguments[1:], varargs, keywords) if name is not None]
        saved = {
            name: values[name]
            for name in names
            if name in values and name not in ignore and not name.startswith('_')
        }
        for name, value in saved.items():
            setattr(self, name, value)
        # A base class may have saved its own arguments before.
        self.hparams = {**getattr(self, 'hparams', {}), **saved}


def add_to_class(cls: type) -> Callable[[Function], Function]:
    """A decorator that makes a function a method of `cls`, also of objects made before.

    @add_to_class(A)
    def method(self): ...
    """
    if not isinstance(cls, type):
        raise TypeError(f'add_to_class takes a class, got {cls!r}: write @add_to_class(MyClass)')

    def add(function: Function) -> Function:
        setattr(cls, function.__name__, function)
        return function

    return add
