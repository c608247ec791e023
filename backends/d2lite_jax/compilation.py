"""Compiled steps on JAX: one program for a pass over whole tensors, or for a step."""

import hashlib
from functools import partial

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from d2lite import compilation
from d2lite.compilation import deferring, sizes


class Step:
    """The program of a step of training, or of validation, for batches from any loader."""

    loops = False

    def __init__(self, trainer, train, loader, batch):
        self.trainer, self.train, self.loader = trainer, train, loader
        self.leaves, self.structure = jax.tree.flatten(trainer.state)
        self.programs = {}  # by the shapes of the batch
        self.make(batch)

    def make(self, batch):
        self.program_for(tuple(batch))

    def program_for(self, batch):
        shapes = tuple((tensor.shape, tensor.dtype) for tensor in batch)
        if shapes not in self.programs:
            self.programs[shapes] = executable(self.traced_step, self.leaves, batch)
        return self.programs[shapes]

    def step(self, batch):
        batch = tuple(batch)
        return [[value] for value in self.call(self.program_for(batch), batch)]

    def call(self, program, *args):
        """Runs a program on the state of the training, which it may change."""
        leaves, values = program(jax.tree.leaves(self.trainer.state), *args)
        if self.train:
            self.trainer.state = jax.tree.unflatten(self.structure, leaves)
        return values

    def traced_step(self, leaves, batch):
        """The leaves of the state after a step, and the values of what the step deferred."""
        trainer, state = self.trainer, jax.tree.unflatten(self.structure, leaves)
        with deferring(trainer) as deferred:
            if self.train:
                state = trainer.train_step(state, batch)
            else:
                trainer.model.validation_step(state.params, batch, state)
        self.functions = deferred.functions
        leaves, structure = jax.tree.flatten(state)
        if structure != self.structure:
            raise TypeError('a step must not change what the state consists of')
        return [strongly_typed(leaf) for leaf in leaves] if self.train else [], deferred.values


class Pass(Step):
    """The program of a pass over whole tensors, or of a part of one.

    Each step gathers its own rows: that is faster than a gather of all, and takes no memory. The
    steps are a loop in the program, except those with convolutions, which XLA runs on one thread
    within a loop and without its fast library (LeNet on two cores: three times as long).
    """

    def make(self, batch):
        loader = self.loader
        self.num_whole, self.rest = divmod(loader.num_examples, loader.batch_size)
        order = self.given(np.arange(loader.num_examples)) if loader.shuffle else None
        size = sizes(loader)[0]
        jaxpr, (_, self.shapes) = jax.make_jaxpr(
            partial(self.traced_rows, size=size), return_shape=True
        )(self.leaves, loader.tensors, order, 0)
        self.loops = 'conv_general_dilated' not in str(jaxpr)
        start = np.int32(0)
        if self.loops:
            args = self.leaves, loader.tensors, order, start, start
            self.program = executable(self.traced_run, *args)
            return
        args = self.leaves, loader.tensors, order, start
        for size in sizes(loader):
            self.programs[size] = executable(partial(self.traced_rows, size=size), *args)

    def given(self, order):
        """The order as `run` takes it: on the device, once for a pass."""
        return order if order is None else jnp.asarray(order, jnp.int32)

    def run(self, start, count, order):
        tensors, batch_size = self.loader.tensors, self.loader.batch_size
        if self.loops:
            args = tensors, order, np.int32(start), np.int32(start + count)
            values = jax.device_get(self.call(self.program, *args))
            return [value[start : start + count] for value in values]
        size = batch_size if start < self.num_whole else self.rest
        args = tensors, order, np.int32(start * batch_size)
        return [[value] for value in self.call(self.programs[size], *args)]

    def traced_run(self, leaves, tensors, order, start, stop):
        """The steps from `start` to `stop`, with values in arrays for all steps of the pass."""
        batch_size, num_whole = self.loader.batch_size, self.num_whole

        def step(index, carry, size):
            changed, values = carry
            before = changed if self.train else leaves
            changed, new = self.traced_rows(before, tensors, order, index * batch_size, size)
            values = [all_.at[index].set(one) for all_, one in zip(values, new, strict=True)]
            return changed, values

        values = [jnp.zeros((len(self.loader), *s.shape), s.dtype) for s in self.shapes]
        carry = leaves if self.train else [], values
        if num_whole:
            whole = partial(step, size=batch_size)
            carry = lax.fori_loop(start, jnp.minimum(stop, num_whole), whole, carry)
        if self.rest:
            last = partial(step, num_whole, size=self.rest)
            carry = lax.cond(stop > num_whole, last, lambda carry: carry, carry)
        return carry

    def traced_rows(self, leaves, tensors, order, start, size):
        """A step with the `size` examples from `start` on."""
        if order is None:
            batch = [lax.dynamic_slice_in_dim(tensor, start, size) for tensor in tensors]
        else:
            rows = lax.dynamic_slice_in_dim(order, start, size)
            batch = [tensor.at[rows].get(mode='promise_in_bounds') for tensor in tensors]
        return self.traced_step(leaves, self.trainer.prepare_batch(tuple(batch)))


class Compiled(compilation.Compiled):
    __doc__ = compilation.Compiled.__doc__
    step_program, pass_program = Step, Pass

    def __init__(self, trainer):
        super().__init__(trainer)
        trainer.state = jax.tree.map(strongly_typed, trainer.state)


def strongly_typed(leaf):
    """The leaf as an array whose dtype does not depend on what it meets."""
    if jax.dtypes.issubdtype(jnp.result_type(leaf), jax.dtypes.extended):
        return leaf  # a random key of the newer kind
    return jnp.asarray(leaf, jnp.result_type(leaf))


def executable(function, *args):
    """XLA's executable for `function` and arguments like `args`.

    A program that is the same to the letter is compiled once in a process, also for another model.
    """
    traced = jax.jit(function).trace(*args)
    lowered = traced.lower()
    if traced.jaxpr.consts:  # arrays that are part of the program, but not of its text
        return lowered.compile()
    # The text leaves out the arguments that are not used, and how results are nested.
    signature = f'{lowered.args_info} {lowered.out_info}'
    key = hashlib.sha256(f'{signature} {lowered.as_text()}'.encode()).digest()
    if key not in _executables:
        _executables[key] = lowered.compile()
    return _executables[key]


_executables = {}
