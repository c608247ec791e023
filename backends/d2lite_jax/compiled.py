"""Compiled steps on JAX: one program for a pass over whole tensors, or for a step."""

from functools import partial

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp
from jax.extend.core import jaxpr_as_fun

from d2lite.training import compiled as compilation
from d2lite.training.compiled import FIRST_STEPS, deferring, sizes
from d2lite_jax.executables import executable, worth_threads


class Step:
    """The program of a step of training, or of validation, for batches from any loader."""

    loops = False
    multiple = 1  # how many steps go best together

    def __init__(self, trainer, train, loader, batch):
        self.trainer, self.train, self.loader = trainer, train, loader
        self.structure = jax.tree.structure(trainer.state)
        self.state = self.leaves = None  # the state that the last call made, and its leaves
        self.programs = {}  # by the shapes of the batch
        self.make(batch)

    def make(self, batch):
        self.program_for(tuple(batch))

    def program_for(self, batch):
        shapes = tuple((tensor.shape, tensor.dtype) for tensor in batch)
        if shapes not in self.programs:
            self.programs[shapes] = executable(self.traced_step, self.state_leaves(), batch)
        return self.programs[shapes]

    def step(self, batch):
        batch = tuple(batch)
        return [[value] for value in self.call(self.program_for(batch), batch)]

    def call(self, program, *args):
        """Runs a program on the state of the training, which it may change."""
        leaves, values = program(self.state_leaves(), *args)
        if self.train:
            self.state, self.leaves = jax.tree.unflatten(self.structure, leaves), leaves
            self.trainer.state = self.state
        return values

    def state_leaves(self):
        state = self.trainer.state
        return self.leaves if state is self.state else jax.tree.leaves(state)

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
    """The programs of a pass over whole tensors, and of parts of one.

    Each step gathers its own rows: that is faster than a gather of all, and takes no memory. The
    steps are a loop in the program, except those with convolutions, which XLA runs on one thread
    within a loop and without its fast library (LeNet on two cores: three times as long). A whole
    pass of few steps goes on to the validation in the same call: a call takes as long as these.
    """

    validation = None  # the pass that a whole one of this goes on to
    ahead = None  # the values of this pass, if such a call has made them

    def make(self, batch):
        loader = self.loader
        self.num_whole, self.rest = divmod(loader.num_examples, loader.batch_size)
        self.order = self.given(np.arange(loader.num_examples)) if loader.shuffle else None
        args = self.state_leaves(), loader.tensors, self.order, np.int32(0)
        self.jaxprs = {}
        for size in sizes(loader):
            traced = jax.make_jaxpr(partial(self.traced_rows, size=size), return_shape=True)
            self.jaxprs[size], (_, self.shapes) = traced(*args)
        self.loops = not any('conv_general_dilated' in str(each) for each in self.jaxprs.values())
        self.is_small = not any(map(worth_threads, self.jaxprs.values()))
        if not self.loops:
            for size in sizes(loader):
                self.programs[size] = executable(partial(self.rows, size=size), *args)

    def given(self, order):
        """The order as `run` takes it."""
        if order is None:
            return None
        order = order.astype(np.int32)
        return order if self.loops else jnp.asarray(order)  # on the device, once for a pass

    def run(self, start, count, order):
        tensors, stop = self.loader.tensors, start + count
        if self.validation:
            self.validation.ahead = None  # the parameters will be others
        if not self.loops:
            size = self.loader.batch_size if start < self.num_whole else self.rest
            args = tensors, order, np.int32(start * self.loader.batch_size)
            return [[value] for value in self.call(self.programs[size], *args)]
        values = self.ahead
        if self.validation and count == len(self.loader):
            args = (tensors, order), (self.validation.loader.tensors, self.validation.order)
            values, val_values = self.call(self.looped(self.both, *args), *args)
            self.validation.ahead = arrays(val_values)
        elif not values:
            args = tensors, order, np.array([start, stop], np.int32)
            values = self.call(self.looped(self.part, *args), *args)
        return [value[start:stop] for value in arrays(values)]

    def compile(self):
        """Makes the program that an undisturbed pass needs."""
        data = self.loader.tensors, self.order
        if self.validation:
            self.looped(self.both, data, (self.validation.loader.tensors, self.validation.order))
        else:
            self.looped(self.part, *data, np.zeros(2, np.int32))

    def looped(self, function, *args):
        """The program of `function`, compiled when it is first needed."""
        name = function.__name__
        if name not in self.programs:
            args = self.state_leaves(), *args
            self.programs[name] = executable(function, *args, on_one_thread=self.is_small)
        return self.programs[name]

    def both(self, leaves, data, val_data):
        leaves, values = self.whole(leaves, *data)
        return leaves, (values, self.validation.whole(leaves, *val_data)[1])

    def whole(self, leaves, tensors, order):
        return self.loop(leaves, tensors, order, 0, self.num_whole, True)

    def part(self, leaves, tensors, order, steps):
        start, stop = steps
        return self.loop(
            leaves, tensors, order, start, jnp.minimum(stop, self.num_whole), stop > self.num_whole
        )

    def loop(self, leaves, tensors, order, start, stop, with_rest):
        """Steps with whole batches and, perhaps, with the rest; values in arrays for all steps."""

        def step(index, carry, size):
            changed, values = carry
            before = changed if self.train else leaves
            begin = index * self.loader.batch_size
            changed, new = self.rows(before, tensors, order, begin, size=size)
            values = [all_.at[index].set(one) for all_, one in zip(values, new, strict=True)]
            return changed, values

        values = [jnp.zeros((len(self.loader), *s.shape), s.dtype) for s in self.shapes]
        carry = leaves if self.train else [], values
        if self.num_whole:
            whole = partial(step, size=self.loader.batch_size)
            carry = lax.fori_loop(start, stop, whole, carry)
        if self.rest:
            last = partial(step, self.num_whole, size=self.rest)
            if with_rest is True:  # without a condition it takes less time
                carry = last(carry)
            else:
                carry = lax.cond(with_rest, last, lambda carry: carry, carry)
        return carry

    def rows(self, leaves, tensors, order, start, size):
        """`traced_rows` as it was traced, so that the lesson's code runs no second time."""
        args = leaves, tensors, order, jnp.asarray(start, jnp.int32)
        flat = jaxpr_as_fun(self.jaxprs[size])(*jax.tree.leaves(args))
        num_leaves = len(flat) - len(self.shapes)
        return flat[:num_leaves], flat[num_leaves:]

    def traced_rows(self, leaves, tensors, order, start, size):
        """A step with the `size` examples from `start` on."""
        if order is None:
            batch = [lax.dynamic_slice_in_dim(tensor, start, size) for tensor in tensors]
        else:
            rows = lax.dynamic_slice_in_dim(order, start, size)
            batch = [tensor.at[rows].get(mode='promise_in_bounds') for tensor in tensors]
        return self.traced_step(leaves, self.trainer.prepare_batch(tuple(batch)))


def arrays(values):
    return [np.asarray(value) for value in values]


class Compiled(compilation.Compiled):
    __doc__ = compilation.Compiled.__doc__
    step_program, pass_program = Step, Pass

    def __init__(self, trainer):
        super().__init__(trainer)
        trainer.state = jax.tree.map(strongly_typed, trainer.state)

    def link(self, train, validation=None):
        loops = [program for program in (train, validation) if program and program.loops]
        if len(loops) == 2 and not validation.loader.shuffle:
            if len(train.loader) + len(validation.loader) <= FIRST_STEPS:
                train.validation = validation
                train.is_small = train.is_small and validation.is_small
        joined = train in loops and train.validation
        for program in loops[:1] if joined else loops:
            program.compile()


def strongly_typed(leaf):
    """The leaf as an array whose dtype does not depend on what it meets."""
    if jax.dtypes.issubdtype(jnp.result_type(leaf), jax.dtypes.extended):
        return leaf  # a random key of the newer kind
    return jnp.asarray(leaf, jnp.result_type(leaf))
