"""XLA's executables: compiled once a process, and on one thread where that is faster."""

import hashlib

import jax
from jax.core import ShapedArray
from jax.extend.core import ClosedJaxpr, Jaxpr

BYTES_PER_THREAD = 256 * 1024  # as XLA counts
# What XLA misjudges, what has threads of its own, and what makes nothing.
NOT_COUNTED = ('gather', 'dynamic_slice', 'dot_general', 'reshape', 'squeeze')
ON_ONE_THREAD = {'xla_disable_hlo_passes': 'cpu-parallel-task-assigner'}

_executables = {}


def executable(function, *args, on_one_thread=False):
    """XLA's executable for `function` and arguments like `args`.

    A program that is the same to the letter is compiled once in a process, also for another model.
    """
    traced = jax.jit(function).trace(*args)
    lowered = traced.lower()
    options = ON_ONE_THREAD if on_one_thread and jax.default_backend() == 'cpu' else {}
    if traced.jaxpr.consts:  # arrays that are part of the program, but not of its text
        return lowered.compile(options)
    # The text leaves out the arguments that are not used, and how results are nested.
    signature = f'{lowered.args_info} {lowered.out_info} {options}'
    key = hashlib.sha256(f'{signature} {lowered.as_text()}'.encode()).digest()
    if key not in _executables:
        _executables[key] = lowered.compile(options)
    return _executables[key]


def worth_threads(jaxpr):
    """Whether any operation makes so much that XLA is right to split it over threads.

    XLA takes a gather to read all that it could, and splits even one of eight rows. That costs up
    to 1.6 times the time and twice the CPU time (linear regression on 100,000 x 100, two cores).
    """
    for equation in jaxpr.eqns:
        within = jax.tree.leaves(list(equation.params.values()))
        within = [each for each in within if isinstance(each, ClosedJaxpr | Jaxpr)]
        if within:
            if any(map(worth_threads, within)):
                return True
        elif equation.primitive.name not in NOT_COUNTED:
            made = [each.aval for each in equation.outvars if isinstance(each.aval, ShapedArray)]
            if sum(array.size * array.dtype.itemsize for array in made) > BYTES_PER_THREAD:
                return True
    return False
