"""The values that the Python code of a step can read.

A compiler runs the Python code of a step once and keeps what it computes. So a compiled step is
traced again when a value that its code can read is another one than before.
"""

import sys
import sysconfig
import types
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

__all__ = ['Walk', 'names_in', 'plain_attributes', 'values_read']

PLAIN = (bool, int, float, complex, str, bytes, type(None), np.generic, range, slice)
PACKAGES = tuple({sysconfig.get_path(name) for name in ('stdlib', 'purelib', 'platlib')})
# What is no value of a step, or what the trainer itself sets from step to step.
SKIPPED = {'board', 'trainer', 'hparams', 'history', 'training', 'batches_in_epoch'}
SKIPPED |= {'epoch', 'train_batch_idx', 'val_batch_idx', 'val_batch_idx_at_start', 'should_stop'}
SKIPPED |= {'compiled', 'keep_random_state', 'random_at_epoch', 'random_to_resume'}
SKIPPED |= {'fallback_reason', 'built', '_called', 'steps_done'}

_written_by_user: dict[str, bool] = {}


def values_read(*roots: object) -> tuple:
    """The plain values that functions of `roots` can read: equal tuples, and a trace still holds.

    Numbers, strings and NumPy arrays are found in attributes, classes, containers, and in the
    globals and closures of functions that are no package's. Other objects count by their identity.
    """
    return tuple(Walk(roots).values)


def plain_attributes(value: object) -> dict[str, object]:
    """The attributes of `value` that are numbers, strings and the like."""
    return {
        name: each
        for name, each in vars(value).items()
        if isinstance(each, PLAIN) and name not in SKIPPED
    }


class Walk:
    """Goes from objects to all that a lesson's code can reach from them; see `values_read`."""

    def __init__(self, roots: Iterable[object]) -> None:
        self.values: list = []
        self.functions: list[tuple[str, types.FunctionType]] = []
        self.seen: set[int] = set()
        for root in roots:
            self.visit(root)

    def visit(self, value: object, name: str = '') -> None:
        """Notes the values of `value`, and goes on to what it refers to."""
        if isinstance(value, PLAIN):
            self.values.append(value)
            return
        if not isinstance(value, tuple):  # two tuples may become one, and one two
            if id(value) in self.seen:
                return
            self.seen.add(id(value))
        if isinstance(value, np.ndarray):
            self.values.append((value.dtype.str, value.shape, value.tobytes()))
        elif isinstance(value, np.random.Generator):
            self.values.append(str(value.bit_generator.state))
        elif isinstance(value, list | tuple | set | frozenset):
            self.values.append(len(value))
            for each in value:
                self.visit(each)
        elif isinstance(value, dict):
            self.visit_items(value)
        elif isinstance(value, types.MethodType):
            self.visit(value.__self__)
            self.visit(value.__func__, name)
        elif isinstance(value, types.FunctionType):
            self.visit_function(value, name or value.__name__)
        elif isinstance(value, type):
            if written_by_user(value.__module__):
                items = vars(value).items()
                self.visit_items({k: v for k, v in items if k not in ('__dict__', '__weakref__')})
                for base in value.__bases__:
                    self.visit(base)
        elif isinstance(value, staticmethod | classmethod):
            self.visit(value.__func__, name)
        elif isinstance(value, property):
            self.visit(value.fget, name)
        elif hasattr(value, '__dict__') and (
            written_by_user(type(value).__module__) or type(value).__module__.startswith('d2lite')
        ):
            self.visit_items(vars(value))
            self.visit(type(value))
        else:
            self.values.append(id(value))

    def visit_items(self, items: Mapping) -> None:
        """Notes the names and values of attributes or of a dictionary."""
        for name, value in items.items():
            if not isinstance(name, str):
                self.values.append(name if isinstance(name, PLAIN) else id(name))
                self.visit(value)
            elif name not in SKIPPED and not name.startswith('_keras'):
                self.values.append(name)
                self.visit(value, name)

    def visit_function(self, function: types.FunctionType, name: str) -> None:
        """Notes the code of a function, and what it reads beside its arguments."""
        self.values.append(id(function.__code__))
        if not written_by_user(function.__module__):
            return
        self.functions.append((name, function))
        for each, value in _globals_of(function):
            if isinstance(value, types.ModuleType):
                if written_by_user(value.__name__):
                    names = names_in(function.__code__)
                    self.visit_items({n: vars(value)[n] for n in names & vars(value).keys()})
            else:
                self.visit(value, each)
        cells = function.__closure__ or ()
        for each, cell in zip(function.__code__.co_freevars, cells, strict=True):
            try:
                self.visit(cell.cell_contents, each)
            except ValueError:  # not set yet
                pass
        self.visit(function.__defaults__)
        self.visit(function.__kwdefaults__)


def written_by_user(module_name: str | None) -> bool:
    """True for a module of a lesson: neither installed, nor Python's own, nor d2lite's."""
    module_name = module_name or ''  # code that was run by exec() may have none
    if module_name not in _written_by_user:
        file = getattr(sys.modules.get(module_name), '__file__', None) or ''
        own = module_name.partition('.')[0].partition('_')[0] == 'd2lite'
        installed = file.startswith(PACKAGES) or module_name in sys.builtin_module_names
        _written_by_user[module_name] = not own and not installed
    return _written_by_user[module_name]


_names: dict[types.CodeType, frozenset[str]] = {}  # of functions whose module is a lesson's


def names_in(code: types.CodeType) -> frozenset[str]:
    """The names that a function's code, and the code of functions within it, looks up."""
    if code not in _names:
        found = {*code.co_names, *code.co_freevars}
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                found |= names_in(constant)
        _names[code] = frozenset(found)
    return _names[code]


def _globals_of(function) -> Iterator[tuple[str, object]]:
    space = function.__globals__
    return ((name, space[name]) for name in sorted(names_in(function.__code__)) if name in space)
