"""Compiled steps on TensorFlow: `tf.function` of a step, and of many in a `tf.while_loop`."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from d2lite.training import compiled
from d2lite.training.batches import map_batch
from d2lite.training.compiled import CannotCompile, collected_outputs
from d2lite.training.step_code import PLAIN, SKIPPED
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import layers_in

# What every model of Keras has, some fifty attributes, is nothing that a lesson's code reads.
OF_KERAS = vars(keras.Model()).keys()
# What a layer is not told; the last four a Sequential of Keras 2 notes anew when it is called.
NOT_TOLD = SKIPPED | {'inputs', 'outputs', 'input_names', 'output_names', 'state_spec'}


class CompiledEpoch(compiled.CompiledEpoch):
    __doc__ = compiled.CompiledEpoch.__doc__
    loops_to_the_end = True

    def build(self) -> None:
        trainer = self.trainer
        trainer.serialization.build(trainer, trainer.first_batch())
        optim = trainer.optim
        # Keras 2 does not tell if it is; to build again changes nothing there.
        if isinstance(optim, keras.optimizers.Optimizer) and not getattr(optim, 'built', False):
            optim.build(trainer.model.trainable_variables)
        self.compiles_in_calls = xla = trainer.compile is True and trainer.replicas is None
        # XLA runs a convolution in a loop on one thread, and without its fast library.
        has_convolutions = any(len(variable.shape) == 4 for variable in trainer.model.variables)
        self.loops = not (xla and has_convolutions)
        self.step_function = tf.function(self.traced_step, autograph=False, jit_compile=xla)
        self.steps_function = tf.function(self.traced_steps, autograph=False, jit_compile=xla)
        self.concrete = {}  # the step, in training or validation, by the shapes of a batch
        self.outputs = {}  # what a step puts out, in training (True) and validation (False)
        self.concrete_steps = {}  # many steps

    def trace(self, batch: Sequence[tf.Tensor], train: bool) -> None:
        if not self.prepares_in_step(train):
            batch = self.trainer.prepare_batch(batch)
        self.concrete_step(_as_tensors(batch), train)
        loader = self.loader(train)
        if self.loops and self.prepares_in_step(train):
            number = tf.TensorSpec([], tf.int32)
            order = tf.TensorSpec([loader.num_examples], tf.int32) if loader.shuffle else None
            self.concrete_steps[train] = self.steps_function.get_concrete_function(
                order, number, number, train
            )

    def step(self, batch: Sequence[tf.Tensor], train: bool) -> list:
        batch = _as_tensors(batch)
        return [[value] for value in self.concrete_step(batch, train)(batch, train)]

    def steps(self, order: Any, start: int, stop: int, train: bool) -> list:
        start_and_stop = tf.constant(start), tf.constant(stop)
        values = self.concrete_steps[train](order, *start_and_stop, train)
        return [value.numpy()[start:stop].tolist() for value in values]

    def concrete_step(self, batch: Sequence[tf.Tensor], train: bool) -> Any:
        """The compiled step for batches of these shapes."""
        key = train, *((tensor.shape, tensor.dtype) for tensor in tf.nest.flatten(batch))
        if key not in self.concrete:
            with self.trainer.times.compiling():
                concrete = self.step_function.get_concrete_function(batch, train)
            self.concrete[key] = concrete
            self.outputs[train] = concrete.structured_outputs
            self.check_random_numbers(concrete)
        return self.concrete[key]

    def traced_step(self, batch: Sequence[tf.Tensor], train: bool) -> list[tf.Tensor]:
        """A step; returns what it plots."""
        trainer = self.trainer
        with collected_outputs(trainer) as outputs:
            if self.prepares_in_step(train):
                batch = trainer.prepare_batch(batch)
            if train:
                trainer.train_step(batch)
            else:
                trainer.val_step(batch)
        self.labels[train] = outputs.labels
        return [tf.convert_to_tensor(value) for value in outputs.values]

    def traced_steps(self, order: Any, start: int, stop: int, train: bool) -> list[tf.Tensor]:
        """The steps from `start` to `stop`; returns arrays with a value for each batch."""
        loader = self.loader(train)
        whole, rest = divmod(loader.num_examples, loader.batch_size)

        def values_at(index, size):
            rows = index * loader.batch_size + tf.range(size)
            rows = rows if order is None else tf.gather(order, rows)
            batch = tuple(loader.data.gather(tensor, rows) for tensor in loader.tensors)
            return self.traced_step(batch, train)

        def step(index, *arrays):
            values = values_at(index, loader.batch_size)
            return index + 1, *(a.write(index, v) for a, v in zip(arrays, values, strict=True))

        outputs = self.outputs[train]
        arrays = [
            tf.TensorArray(output.dtype, len(loader), element_shape=output.shape)
            for output in outputs
        ]
        if whole:
            _, *arrays = tf.while_loop(
                lambda index, *_: index < tf.minimum(stop, whole),
                step,
                [start, *arrays],
                parallel_iterations=1,
            )
        if rest:
            values = tf.cond(
                stop > whole,
                lambda: values_at(whole, rest),
                lambda: [tf.zeros(output.shape, output.dtype) for output in outputs],
            )
            arrays = [a.write(whole, v) for a, v in zip(arrays, values, strict=True)]
        return [array.stack() for array in arrays]

    def objects_read(self) -> tuple:
        *others, model = super().objects_read()
        own = {name: value for name, value in vars(model).items() if name not in OF_KERAS}
        return *others, type(model), own

    def values_read(self) -> tuple:
        trainer = self.trainer
        read = [id(variable) for variable in trainer.model.trainable_variables]
        for layer in layers_in(trainer.model):
            read += _public_values(layer)
        if isinstance(trainer.optim, keras.optimizers.Optimizer):
            read += _public_values(trainer.optim)
            read += _public_values(getattr(trainer.optim, 'inner_optimizer', trainer.optim))
        return *super().values_read(), *read

    def check_random_numbers(self, concrete: Any) -> None:
        """Raises CannotCompile if a graph draws from `tf.random` while that is seeded."""
        if not self.trainer.serialization.is_seeded():
            return
        graph = concrete.graph.as_graph_def()
        nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
        if any(node.op.startswith(('Random', 'TruncatedNormal', 'Multinomial')) for node in nodes):
            raise CannotCompile(
                'it draws from tf.random, and would draw other numbers in a graph for the same '
                'seed; keras.random with a keras.random.SeedGenerator draws the same'
            )


def _as_tensors(batch):
    """The minibatch of any loader, as tensors."""
    return map_batch(tf.convert_to_tensor, batch)


def _public_values(thing):
    """The values of what a layer or an optimizer is told: `rate`, `clipnorm`, `activation`, ..."""
    return [
        value if isinstance(value, PLAIN) else id(value)
        for name, value in sorted(vars(thing).items())
        if not name.startswith('_') and name not in NOT_TOLD
    ]
