"""Compiled steps on JAX: `jax.jit`, and `lax.fori_loop` for several steps in one call.

A second training of the same model gives the same program, which XLA need not compile again.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from d2lite.training import compiled
from d2lite.training.batches import map_batch
from d2lite.training.compiled import collected_outputs

if TYPE_CHECKING:
    from d2lite_jax.trainer import Trainer

# On a CPU, XLA gives operations of some size to several threads, which takes more time of all
# processors together than it saves: 1.9 times as much for linear regression on 100 features.
COMPILER_OPTIONS = {'xla_disable_hlo_passes': 'cpu-parallel-task-assigner'}

MOST_STEPS_IN_A_BLOCK = 128

MOST_EXECUTABLES = 64
EXECUTABLES: dict[bytes, jax.stages.Compiled] = {}  # of all trainings, by a hash of the program


class CompiledEpoch(compiled.CompiledEpoch):
    __doc__ = compiled.CompiledEpoch.__doc__
    loops_to_the_end = True

    def __init__(self, trainer: 'Trainer') -> None:
        super().__init__(trainer)
        on_cpu = not trainer.gpus
        params = jax.tree.leaves(trainer.state.params)
        if not on_cpu:
            self.steps_per_call = MOST_STEPS_IN_A_BLOCK
        # XLA runs a convolution within a loop on one thread of a CPU.
        self.loops = not (on_cpu and any(param.ndim > 3 for param in params))
        self.options = COMPILER_OPTIONS if on_cpu and self.loops else {}
        self.programs = {}  # by function, mode, and structure and shapes of the arguments

    def trace(self, batch: Sequence[jax.Array], train: bool) -> None:
        if not self.prepares_in_step(train):
            batch = self.trainer.prepare_batch(batch)
        jax.eval_shape(
            lambda state, batch: self.traced_step(state, batch, train),
            self.trainer.state,
            map_batch(jnp.asarray, batch),
        )

    def traced_step(self, state: Any, batch: Sequence[jax.Array], train: bool) -> tuple:
        """A step on a batch: the state after it, and the values that it plots."""
        trainer = self.trainer
        if self.prepares_in_step(train):
            batch = trainer.prepare_batch(batch)
        with collected_outputs(trainer) as outputs:
            trainer.model.training = train
            if train:
                state = trainer.train_step(state, batch)
            else:
                trainer.val_step(state, batch)
        self.labels[train] = outputs.labels
        values = [jnp.asarray(value) for value in outputs.values]
        if trainer.mesh is not None:
            state, values = trainer.mesh.state(state), trainer.mesh.copies(values)
        return state, values

    def traced_steps(self, state: Any, limits: Any, order: Any, tensors: Any, train: bool) -> tuple:
        """The steps from `limits[0]` to `limits[1]`; values in arrays for the whole pass.

        `limits`: None for all steps of a pass.
        """
        loader = self.loader(train)
        whole, rest = divmod(loader.num_examples, loader.batch_size)

        def rows_at(index, size):
            start = index * loader.batch_size
            if order is None:
                return tuple(lax.dynamic_slice_in_dim(tensor, start, size) for tensor in tensors)
            rows = lax.dynamic_slice_in_dim(order, start, size)
            return tuple(jnp.take(tensor, rows, axis=0, mode='clip') for tensor in tensors)

        def step(index, carry, size=loader.batch_size):
            state, arrays = carry
            state, values = self.traced_step(state, rows_at(index, size), train)
            return state, [a.at[index].set(v) for a, v in zip(arrays, values, strict=True)]

        size = loader.batch_size if whole else rest
        shapes = jax.eval_shape(lambda: self.traced_step(state, rows_at(0, size), train)[1])
        carry = state, [jnp.zeros(len(loader), shape.dtype) for shape in shapes]
        last = partial(step, whole, size=rest)
        if limits is None:
            carry = lax.fori_loop(0, whole, step, carry) if whole else carry
            return last(carry) if rest else carry
        start, stop = limits
        if whole:
            end = jnp.minimum(stop, whole)
            if self.trainer.gpus:
                start, carry = in_blocks(step, start, end, carry, block_length(whole))
            carry = lax.fori_loop(start, end, step, carry)
        return lax.cond(stop > whole, last, lambda carry: carry, carry) if rest else carry

    def call(self, function: Callable, train: bool, args: tuple, rest: tuple = ()) -> Any:
        """`function(*args, *rest, train)`, compiled; the shapes in `rest` are always the same."""
        leaves, structure = jax.tree.flatten(args)
        key = function.__name__, train, structure, *map(jax.typeof, leaves)
        if key not in self.programs:

            def of_leaves(leaves, rest):
                return function(*jax.tree.unflatten(structure, leaves), *rest, train)

            with self.trainer.times.compiling():
                self.programs[key] = compiled_once(of_leaves, (leaves, rest), self.options)
        run, structure = self.programs[key]
        return jax.tree.unflatten(structure, run(leaves, rest))

    def step(self, batch: Sequence[jax.Array], train: bool) -> list:
        args = self.trainer.state, map_batch(jnp.asarray, batch)
        state, values = self.call(self.traced_step, train, args)
        if train:
            self.trainer.state = state
        return [[value] for value in values]

    def steps(self, order: Any, start: int, stop: int, train: bool) -> list:
        loader = self.loader(train)
        limits = np.array([start, stop], np.int32)
        if self.trainer.gpus and stop - start == len(loader) <= MOST_STEPS_IN_A_BLOCK:
            limits = None  # a GPU need not ask then
        args = self.trainer.state, limits
        state, arrays = self.call(self.traced_steps, train, args, (order, tuple(loader.tensors)))
        if train:
            self.trainer.state = state
        return [np.asarray(array)[start:stop].tolist() for array in arrays]


def in_blocks(step: Callable, start: Any, end: Any, carry: Any, length: int) -> tuple:
    """Steps in blocks of `length`, as far as they go; the next step, and the result.

    Where XLA does not know how often a loop runs, a GPU asks the CPU before each step if there is
    another one.
    """

    def block(index, carry):
        first = start + index * length
        return lax.fori_loop(0, length, lambda i, carry: step(first + i, carry), carry)

    count = (end - start) // length
    return start + count * length, lax.fori_loop(0, count, block, carry)


def block_length(num_steps: int) -> int:
    """The length with which a pass has the fewest blocks and single steps together."""
    longest = min(num_steps, MOST_STEPS_IN_A_BLOCK)
    return min(range(longest, 0, -1), key=lambda length: sum(divmod(num_steps, length)))


def compiled_once(function: Callable, args: tuple, options: dict | None = None) -> tuple:
    """An executable that takes `args` and returns a list of arrays; the structure of the result.

    A program with the same text as one of an earlier training is not compiled again.
    """
    structures = []

    def leaves_of(*args):
        leaves, structure = jax.tree.flatten(function(*args))
        structures.append(structure)
        return leaves

    lowered = jax.jit(leaves_of, compiler_options=options).lower(*args)
    return _executable(lowered, options), structures[-1]


def _executable(lowered, options):
    # The text says all that is computed, constants included, but not which function of Python a
    # callback (jax.debug.print, jax.pure_callback) calls.
    text = lowered.as_text()
    if 'callback' in text:
        return lowered.compile()
    place = jax.default_backend(), jax.config.jax_default_device
    # Nor does it say what is never used.
    takes = lowered.args_info
    digest = hashlib.sha256(f'{place} {options} {takes} {text}'.encode()).digest()
    if digest not in EXECUTABLES:
        EXECUTABLES[digest] = lowered.compile()
        if len(EXECUTABLES) > MOST_EXECUTABLES:
            EXECUTABLES.pop(next(iter(EXECUTABLES)))  # the oldest
    return EXECUTABLES[digest]
