"""What the Python code of a step does beside computing.

A compiler runs the Python code of a step once and keeps what it computes. So a step whose code does
more than compute, such as printing or counting, is not compiled.
"""

import builtins
import dis
import sys
import types
from collections.abc import Iterator

import numpy as np

from d2lite.training.step_code import Walk, names_in

__all__ = ['side_effects']

# Attributes of a trainer that are others in each step or epoch.
COUNTERS = {'epoch', 'train_batch_idx', 'val_batch_idx', 'batches_in_epoch'}
# Methods of Python's containers that change them.
CHANGING = {'append', 'extend', 'insert', 'pop', 'popitem', 'clear', 'setdefault', 'writelines'}
EFFECTS = (print, open, input)
PURE_MODULES = {'math', 'cmath', 'functools', 'itertools', 'operator', 'collections', 'typing'}
PURE_MODULES |= {'dataclasses', 'abc', 'numbers', 'enum', 'types', 'builtins', 'contextlib'}
PURE_MODULES |= {'string', 'copy', 'fractions', 'decimal', 'statistics', 're', 'collections.abc'}
# Here attributes of objects are made, and no state is kept from step to step.
CONSTRUCTORS = {'__init__', '__post_init__', 'setup', 'build', '__new__', '__setattr__'}


def side_effects(*roots: object, start: set[str]) -> str:
    """What the code of a step does beside computing, in words; '' if nothing is found.

    `start`: names of the methods that a step begins with; what these name is looked at too.
    """
    functions = Walk(roots).functions
    names, left = set(start), list(functions)
    while reached := [each for each in left if each[0] in names or each[0][:2] == '__']:
        left = [each for each in left if each not in reached]
        for name, function in reached:
            if name in CONSTRUCTORS or function.__name__ in CONSTRUCTORS:
                continue
            for what in _effects_in(function.__code__, function.__globals__):
                line = function.__code__.co_firstlineno
                return f'{function.__qualname__} (line {line}) {what}'
            names |= names_in(function.__code__)
    return ''


def _effects_in(code: types.CodeType, space: dict) -> Iterator[str]:
    """What the code does beside computing; `space`: its globals."""
    before, line = None, []
    for each in dis.get_instructions(code):
        name, operation = each.argval, each.opname
        line = [] if each.starts_line else line
        line.append(each)
        if operation in ('STORE_ATTR', 'DELETE_ATTR'):
            # Flax's variables have a `value`; of another's, tracing will change what is read.
            if not _is_own(before, code) and (name, before.opname) != ('value', 'LOAD_ATTR'):
                yield f'sets the attribute {name!r}'
        elif operation in ('STORE_GLOBAL', 'DELETE_GLOBAL'):
            yield f'sets the global variable {name!r}'
        elif operation == 'STORE_DEREF' and name in code.co_freevars:
            yield f'sets the variable {name!r} of another function'
        elif operation in ('STORE_SUBSCR', 'DELETE_SUBSCR'):
            # `variable[...] = array` is how NNX, too, gives a variable its value.
            whole = any(each.argval is ... for each in line)
            if not whole and any(_outlives_the_step(each, code, space) for each in line):
                yield 'changes an entry of something that outlives the step'
        elif operation == 'LOAD_GLOBAL' or operation == 'LOAD_NAME':
            value = space.get(name, getattr(builtins, name, None))
            if any(value is effect for effect in EFFECTS):
                yield f'calls {name}()'
            module = value.__name__ if isinstance(value, types.ModuleType) else ''
            if module.partition('.')[0] in sys.stdlib_module_names and module not in PURE_MODULES:
                yield f'uses the module {module}'
        elif operation in ('LOAD_ATTR', 'LOAD_METHOD'):
            if name in COUNTERS:
                yield f'reads the counter {name!r}, which is another in each step'
            if name in CHANGING and not _is_local(before, code):
                yield f'calls {name}() on something that outlives the step'
            if name == 'random' and before.opname == 'LOAD_GLOBAL':
                owner = getattr(space.get(before.argval), '__name__', '')
                if owner in ('numpy', 'tensorflow'):
                    yield f'draws from {owner}.random'
        before = each
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _effects_in(constant, space)


def _is_own(instruction, code) -> bool:
    """True for a local variable that is no argument."""
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return _is_local(instruction, code) and instruction.argval not in arguments


def _is_local(instruction, code) -> bool:
    in_cell = instruction.opname == 'LOAD_DEREF' and instruction.argval in code.co_cellvars
    return in_cell or instruction.opname.startswith('LOAD_FAST')


def _outlives_the_step(instruction, code, space) -> bool:
    if instruction.opname == 'LOAD_GLOBAL':
        return isinstance(space.get(instruction.argval), list | dict | np.ndarray)
    return instruction.opname in ('LOAD_DEREF', 'LOAD_ATTR') and not _is_local(instruction, code)
