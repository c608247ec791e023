"""Constructor arguments as attributes, and classes that are defined cell by cell."""

import dataclasses
import difflib
import dis
import functools
import inspect
import itertools
from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, Self, TypeVar

Member = TypeVar('Member')


class HyperParameters:
    """A class whose constructor arguments become attributes with one call."""

    not_hyperparameters = ()  # names of arguments that are a framework's own

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        _check_names(cls, kwargs)
        new = super().__new__
        return new(cls) if new is object.__new__ else new(cls, *args, **kwargs)

    def save_hyperparameters(self, ignore: Iterable[str] = ()) -> None:
        """Saves the arguments of the calling `__init__` as attributes, and in `self.hparams`.

        They have the values of the moment of the call. Local variables, and the arguments of a
        constructor that called that one, are not saved. `ignore`: names of arguments to leave out;
        `self` and names that begin with an underscore always are. In the `__post_init__` of a
        dataclass these are the fields that its constructor takes. Raises RuntimeError outside of a
        method. Definition: d2l, section "Object-Oriented Design for Implementation".
        """
        if isinstance(ignore, str):
            raise TypeError(f'ignore is a list of names: write ignore=[{ignore!r}]')
        frame = inspect.currentframe().f_back
        arguments, varargs, keywords, values = inspect.getargvalues(frame)
        if not arguments or values.get(arguments[0]) is not self:
            raise RuntimeError('save_hyperparameters() must be called in a method, e.g. __init__')
        fields = _fields(self) if frame.f_code.co_name == '__post_init__' else {}
        names = (*arguments[1:], varargs, keywords)
        arguments = {name: values[name] for name in names if name in values}
        saved = {
            name: value
            for name, value in (fields | arguments).items()
            if name not in (*ignore, *self.not_hyperparameters) and not name.startswith('_')
        }
        for name, value in saved.items():
            if name not in fields:
                setattr(self, name, value)
        # A base class may have saved its own arguments before.
        hparams = {**getattr(self, 'hparams', {}), **saved}
        # A frozen dataclass, which has its fields, refuses to be given an attribute.
        (object.__setattr__ if fields else setattr)(self, 'hparams', hparams)


def _check_names(cls, kwargs):
    """Raises TypeError for an argument that `cls` does not take, and says which is like it."""
    parameters = _parameters(cls.__init__) if kwargs else {}
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        return
    for name in kwargs:
        if name not in parameters:
            alike = difflib.get_close_matches(name, parameters, 1)
            meant = f'Did you mean {alike[0]!r}? ' if alike else ''
            takes = ', '.join(parameters) or 'none'
            raise TypeError(f'{cls.__name__}() has no argument {name!r}. {meant}It takes {takes}')


@functools.lru_cache(maxsize=1000)
def _parameters(init):
    """The parameters of an `__init__` after `self`, by name."""
    _, *parameters = inspect.signature(init).parameters.values()
    return {each.name: each for each in parameters}


def _fields(thing):
    """The fields that the constructor of a dataclass takes, by name; of others none."""
    if not dataclasses.is_dataclass(thing):
        return {}
    return {each.name: getattr(thing, each.name) for each in dataclasses.fields(thing) if each.init}


def add_to_class(cls: type) -> Callable[[Member], Member]:
    """A decorator that makes a function a method of `cls`, also of objects made before.

    @add_to_class(A)
    def method(self): ...

    What is decorated may also be a property, a class method or a static method. Raises TypeError
    for `super()` without arguments, which Python allows in a `class` statement only.
    """
    if not isinstance(cls, type):
        raise TypeError(f'add_to_class takes a class, got {cls!r}: write @add_to_class(MyClass)')

    def add(member: Member) -> Member:
        functions = _functions(member)
        names = [getattr(each, '__name__', None) for each in (member, *functions)]
        name = next(filter(None, names), None)
        if name is None:
            raise TypeError(f'add_to_class takes what def defines, with a name, got {member!r}')
        for function in functions:
            _check_super(function, name, cls)
        setattr(cls, name, member)
        if hasattr(type(member), '__set_name__'):  # which a class statement calls
            member.__set_name__(cls, name)
        return member

    return add


def _functions(member: Any) -> list[FunctionType]:
    """The functions that a method, a property or a decorated function is made of."""
    parts = [getattr(member, name, None) for name in ('fget', 'fset', 'fdel', 'func')]
    parts = [part for part in parts if part is not None] or [member]
    return [part for part in map(inspect.unwrap, parts) if inspect.isfunction(part)]


def _check_super(function: FunctionType, name: str, cls: type) -> None:
    # In a class statement the compiler gives a function that names super its class, __class__.
    code = function.__code__
    if '__class__' in code.co_freevars:
        return
    steps = [step for step in dis.get_instructions(code) if step.opname not in _SILENT]
    for step, following in itertools.pairwise(steps):
        if step.argval == 'super' and (following.opname, following.arg) == ('CALL', 0):
            first = code.co_varnames[0] if code.co_argcount else 'self'
            raise TypeError(
                f'{name} is not written in the class {cls.__name__}, so that its super() does not '
                f'know the class: write super({cls.__name__}, {first})'
            )


_SILENT = ('PRECALL', 'PUSH_NULL', 'CACHE')  # may stand between the name and the call
