"""Compiled steps on TensorFlow: a graph for a pass over whole tensors, or for a step."""

import tensorflow as tf
from tensorflow.python.eager import context

from d2lite.training import compiled as compilation
from d2lite.training.compiled import deferring, sizes
from d2lite.training.purity import Untraceable, Watch
from d2lite_tensorflow.framework import keras

# What these draw in a graph is something else than what they draw outside, for the same seed.
RANDOM_OPS = ('RandomUniform', 'RandomUniformInt', 'RandomStandardNormal', 'TruncatedNormal')

MOST_OPERATIONS = 1000  # of a validation without a loop, which takes 0.1 s to prepare


class Step:
    """The graph of a step of training, or of validation, for batches from any loader.

    With `Trainer(compile=True)` XLA compiles it.
    """

    loops = False
    multiple = 1  # how many steps go best together

    def __init__(self, trainer, train, loader, batch):
        self.trainer, self.train, self.loader = trainer, train, loader
        self.xla = trainer.compile is True
        self.function = tf.function(self.traced_step, autograph=False, jit_compile=self.xla)
        self.make(batch)

    def make(self, batch):
        self.function_for(batch)

    def function_for(self, batch):
        specs = [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in batch]
        concrete = self.function.get_concrete_function(*specs)
        if context.global_seed() is not None:
            check_random_ops(concrete)
        return concrete

    def step(self, batch):
        return [[value] for value in self.function(*batch)]

    def traced_step(self, *batch):
        """A step; returns the values of what it deferred."""
        with deferring(self.trainer) as deferred:
            if self.train:
                self.trainer.train_step(batch)
            else:
                self.trainer.model.validation_step(batch)
        self.functions = deferred.functions
        return deferred.values


class Pass(Step):
    """The graph of a pass over whole tensors, or of a part of one.

    Each step gathers its own rows, in a loop in the graph: a call from Python for each step takes
    longer than most steps. Under XLA such a loop runs convolutions on one thread and without their
    fast library, so there they are called one by one. A short validation is no loop: its steps need
    not wait for each other.
    """

    whole = None  # the graph of such a validation

    def make(self, batch):
        loader = self.loader
        self.num_whole, self.rest = divmod(loader.num_examples, loader.batch_size)
        self.steps = {
            size: self.function_for([tensor[:size] for tensor in loader.tensors])
            for size in sizes(loader)
        }
        graph = self.steps[sizes(loader)[0]].graph
        self.loops = not self.xla or not any(op.type == 'Conv2D' for op in graph.get_operations())
        if self.loops:
            function = tf.function(self.traced_run, autograph=False, jit_compile=self.xla)
            order = tf.TensorSpec([loader.num_examples], tf.int32) if loader.shuffle else None
            number = tf.TensorSpec([], tf.int32)
            self.program = function.get_concrete_function(order, number, number)
        if not (self.train or self.xla or loader.shuffle):
            if len(graph.get_operations()) * len(loader) <= MOST_OPERATIONS:
                self.whole = tf.function(self.traced_whole, autograph=False).get_concrete_function()

    def traced_step(self, *batch):
        return super().traced_step(*self.trainer.prepare_batch(batch))

    def given(self, order):
        """The order as `run` takes it: a tensor, made once for a pass."""
        return order if order is None else tf.constant(order, tf.int32)

    def run(self, start, count, order):
        if self.whole and count == len(self.loader):
            return [value.numpy() for value in self.whole()]
        if self.loops:
            given = [] if order is None else [order]
            values = self.program(*given, tf.constant(start), tf.constant(start + count))
            return [value.numpy()[start : start + count] for value in values]
        size = self.loader.batch_size if start < self.num_whole else self.rest
        return [[value] for value in self.steps[size](*self.rows(order, start, size))]

    def traced_run(self, order, start, stop):
        """The steps from `start` to `stop`, with values in arrays for all steps of the pass."""

        def step(index, size, arrays):
            values = self.steps[size](*self.rows(order, index, size))
            return [array.write(index, v) for array, v in zip(arrays, values, strict=True)]

        def whole(index, *arrays):
            return index + 1, *step(index, self.loader.batch_size, arrays)

        outputs = next(iter(self.steps.values())).outputs
        arrays = [
            tf.TensorArray(output.dtype, len(self.loader), element_shape=output.shape)
            for output in outputs
        ]
        if self.num_whole:
            end = tf.minimum(stop, self.num_whole)
            _, *arrays = tf.while_loop(
                lambda index, *_: index < end, whole, [start, *arrays], parallel_iterations=1
            )
        if self.rest:
            last = tf.constant(self.num_whole)
            arrays = tf.cond(
                stop > last, lambda: step(last, self.rest, arrays), lambda: list(arrays)
            )
        return [array.stack() for array in arrays]

    def traced_whole(self):
        """The values of all steps of the pass, one beside the other."""
        found = []
        for index in range(len(self.loader)):
            size = self.loader.batch_size if index < self.num_whole else self.rest
            found.append(self.steps[size](*self.rows(None, index, size)))
        return [tf.stack(values) for values in zip(*found, strict=True)]

    def rows(self, order, index, size):
        """The examples of a step: those from `index * batch_size` on."""
        begin = index * self.loader.batch_size
        if order is None:
            return [
                tf.slice(tensor, [begin, *[0] * (len(tensor.shape) - 1)], [size, *tensor.shape[1:]])
                for tensor in self.loader.tensors
            ]
        rows = tf.slice(order, [begin], [size])
        return [tf.gather(tensor, rows) for tensor in self.loader.tensors]


class Compiled(compilation.Compiled):
    __doc__ = compilation.Compiled.__doc__
    step_program, pass_program = Step, Pass

    def __init__(self, trainer):
        super().__init__(trainer)
        with Watch(trainer, trainer.model) as watch:  # the pass that makes variables is none of it
            trainer.state_of.build(trainer, trainer.first_batch())
        watch.undo(random=False)
        if isinstance(trainer.optim, keras.optimizers.Optimizer):
            trainer.optim.build(trainer.model.trainable_variables)


def check_random_ops(concrete):
    """Raises Untraceable if a graph draws from `tf.random` while that is seeded."""
    graph = concrete.graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    if any(node.op in RANDOM_OPS for node in nodes):
        raise Untraceable(
            'it draws from tf.random, and would draw other numbers in a graph for the same seed; '
            'keras.random with a keras.random.SeedGenerator draws the same'
        )
