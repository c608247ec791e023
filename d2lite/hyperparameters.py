"""Saving the arguments of a constructor, and growing a class cell by cell."""

import inspect

__all__ = ['HyperParameters', 'add_to_class']


class HyperParameters:
    """A class whose constructor arguments become attributes with one call."""

    def save_hyperparameters(self, ignore=()):
        """Saves the arguments of the function that calls this as attributes, and in `self.hparams`.

        To be called in `__init__`. Only that constructor's own arguments are saved, with the values
        they have at the moment of the call: not its local variables, nor the arguments of a
        constructor that called it. `ignore` names arguments to leave out; so are `self` and names
        that begin with an underscore.
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


def add_to_class(cls):
    """Decorator that makes the function below a method of `cls`, also of objects made before.

    @add_to_class(A)
    def method(self): ...
    """
    if not isinstance(cls, type):
        raise TypeError(f'add_to_class takes a class, got {cls!r}: write @add_to_class(MyClass)')

    def add(function):
        setattr(cls, function.__name__, function)
        return function

    return add
