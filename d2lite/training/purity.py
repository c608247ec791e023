"""Watches what code changes beside what it returns, and can undo that.

A step that is compiled runs its Python once, while it is traced, and never again. So a step whose
Python does more than compute - prints, counts, draws random numbers - must not be compiled, and
what it did while it was traced must not have happened.
"""

import collections
import contextlib
import functools
import inspect
import io
import random
import types

import numpy as np

from d2lite import seeds

__all__ = ['Untraceable', 'Watch']

CONTAINERS = (list, dict, set, collections.deque)
LIBRARIES = ('d2lite', 'flax', 'jax', 'keras', 'tf_keras', 'tensorflow', 'torch', 'mxnet')


class Untraceable(Exception):
    """Raised while a step is traced, by what has no fixed value there."""


class Watch:
    """Within this context, changes are noticed that the methods of `objects` make.

    Looked at are: the attributes of the objects; lists, dictionaries and sets among them; the
    variables outside of the methods that they use; NumPy's, Python's and d2lite's random numbers;
    and what is printed. Not looked at is what lies deeper, and the world outside of the process.
    """

    def __init__(self, *objects):
        self.objects = objects

    def __enter__(self):
        self.places = [_Attributes(each) for each in self.objects]
        self.places += _outer_variables({type(each) for each in self.objects})
        values = [value for place in self.places for value in place.before.values()]
        self.contents = _contents(values)
        self.random = _random_states(values)
        self.printed = io.StringIO()
        self.redirection = contextlib.redirect_stdout(self.printed)
        self.redirection.__enter__()
        return self

    def __exit__(self, *error):
        self.redirection.__exit__(*error)

    def changes(self):
        """What has changed, in words; an empty list if nothing has."""
        found = [change for place in self.places for change in place.changes()]
        found += [
            f'changes {_what(self.places, container)}'
            for container, before in self.contents
            if not _same(_items(container), before)
        ]
        found += [
            f'draws from {name}' for name, get, _, before in self.random if repr(get()) != before[0]
        ]
        if self.printed.getvalue():
            found.append('prints')
        return found

    def undo(self, random=True):
        """Puts everything back; with `random=False` not the random numbers."""
        for place in self.places:
            place.undo()
        for container, before in self.contents:
            if not _same(_items(container), before):
                container.clear()
                if isinstance(container, list | collections.deque):
                    container.extend(before)
                else:
                    container.update(before)
        for _, get, put, (text, state) in self.random:
            if random and repr(get()) != text:
                put(state)


class _Attributes:
    """The public attributes of an object."""

    def __init__(self, owner):
        self.owner = owner
        self.before = self.now()

    def now(self):
        return {k: v for k, v in vars(self.owner).items() if not k.startswith('_')}

    def name(self, key):
        return f'self.{key}' if not hasattr(self.owner, 'state_of') else f'self.trainer.{key}'

    def changes(self):
        now = self.now()
        keys = {k for k in now if k not in self.before or now[k] is not self.before[k]}
        return [f'sets {self.name(key)}' for key in sorted(keys | (self.before.keys() - now))]

    def undo(self):
        now = self.now()
        for key in now.keys() - self.before:
            vars(self.owner).pop(key)
        for key, value in self.before.items():
            if now.get(key, self) is not value:
                vars(self.owner)[key] = value


class _Globals(_Attributes):
    """The global variables that a function uses."""

    def __init__(self, function):
        self.variables = function.__globals__
        self.names = [name for name in _names(function.__code__) if name in self.variables]
        self.before = self.now()

    def now(self):
        return {name: self.variables[name] for name in self.names if name in self.variables}

    def name(self, key):
        return key

    def undo(self):
        self.variables.update(self.before)


class _Cells(_Attributes):
    """The variables of the functions around that a function uses."""

    def __init__(self, cells):
        self.cells = cells
        self.before = self.now()

    def now(self):
        values = {}
        for name, cell in self.cells.items():
            with contextlib.suppress(ValueError):  # it is still empty
                values[name] = cell.cell_contents
        return values

    def name(self, key):
        return key

    def undo(self):
        for name, value in self.before.items():
            self.cells[name].cell_contents = value


def _outer_variables(classes):
    """_Variables of the functions that a lesson defines: as methods of `classes`, or called there.

    Only functions that are found by name are followed, not those in containers or in objects.
    """
    bases = {base for each in classes for base in each.__mro__}
    found = [_plain(value) for base in bases for value in list(vars(base).values())]
    seen = set()
    while found:
        function = found.pop()
        if function is None or function in seen or _is_of_library(function):
            continue
        seen.add(function)
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        for place in (_Globals(function), _Cells(cells)):
            yield place
            found += [_plain(value) for value in place.before.values()]


def _is_of_library(function):
    return (function.__module__ or '').startswith(LIBRARIES)


def _plain(value):
    """The function in a method, also if it is decorated."""
    if isinstance(value, functools.partial):
        value = value.func
    value = value.fget if isinstance(value, property) else value
    value = inspect.unwrap(value) if callable(value) else value
    return value if isinstance(value, types.FunctionType) else None


def _names(code):
    """The names that a function, and those defined in it, look up outside."""
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return {*code.co_names, *(name for each in inner for name in _names(each))}


def _contents(values):
    """(container, its items) of the containers among `values`, and of those directly in them."""
    outer = [value for value in values if isinstance(value, CONTAINERS)]
    inner = [
        item
        for value in outer
        for item in (value.values() if isinstance(value, dict) else value)
        if isinstance(item, CONTAINERS)
    ]
    found = {id(container): container for container in outer + inner}
    return [(container, _items(container)) for container in found.values()]


def _items(container):
    return container.copy()


def _same(now, before):
    if isinstance(now, set):
        return now == before
    if isinstance(now, dict):
        now, before = [*now.items()], [*before.items()]
        return len(now) == len(before) and all(
            a[0] == b[0] and a[1] is b[1] for a, b in zip(now, before, strict=True)
        )
    return len(now) == len(before) and all(a is b for a, b in zip(now, before, strict=True))


def _what(places, container):
    for place in places:
        for key, value in place.before.items():
            inner = value.values() if isinstance(value, dict) else value
            if value is container or (
                isinstance(value, CONTAINERS) and any(item is container for item in inner)
            ):
                return place.name(key)
    return 'a list'


def _random_states(values):
    """(name, how to get it, how to set it, (text, state)) of each source of random numbers."""
    sources = [
        ("Python's random", random.getstate, random.setstate),
        ('np.random', np.random.get_state, np.random.set_state),
        ("d2lite's seeds, as d2l.get_key does,", seeds.get_state, seeds.set_state),
    ]
    for value in values:
        if isinstance(value, np.random.Generator):
            generator = value.bit_generator
            sources.append(
                (
                    'a NumPy generator',
                    lambda generator=generator: generator.state,
                    lambda state, generator=generator: setattr(generator, 'state', state),
                )
            )
    return [(name, get, put, (repr(get()), get())) for name, get, put in sources]
