"""A step on several devices of TensorFlow: on each with its share of the batch, and then summed.

The strategy of `tf.distribute` runs the step once for each device, and adds up gradients and what
was plotted, each share with its weight. Then the variables are updated as they are on a single one.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from d2lite.training.batches import map_batch, num_examples
from d2lite.training.distributed import share
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import layers_in

if TYPE_CHECKING:
    from d2lite_tensorflow.trainer import Trainer

# What layers draw with; those of Keras 2 draw from tf.random, which each process seeds for itself.
GENERATORS = (keras.random.SeedGenerator,) if hasattr(keras, 'random') else ()


class Replicas:
    """The devices of a strategy, which make a step together."""

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        self.strategy, self.size = strategy, strategy.num_replicas_in_sync

    def totals(self, trainer: 'Trainer', function: Callable, batch: Any) -> Any:
        """What `function(share, weight)` returns for the shares of a batch, summed over them.

        What it plots is summed, too, and plotted once.
        """
        made = []

        def on_replica(batch):
            index = _index()
            rows, weight = share(num_examples(batch), index, self.size)
            with own_seeds(trainer.model, index):
                results = function(map_batch(lambda each: each[rows], batch), weight)
            made[:] = [results, plots.weighted(index, weight)]
            return as_vector(made)

        metrics, plots = trainer.metrics, Plots()
        trainer.metrics = plots
        try:
            vectors = self.strategy.run(on_replica, (batch,))
        finally:
            trainer.metrics = metrics
        results, plotted = from_vector(self.strategy.reduce('SUM', vectors, axis=None), made)
        for label, value in plotted:
            trainer.metrics.log(label, tf.exp(value) if label.endswith('_ppl') else value)
        return results


class Plots:
    """Collects what the model plots on each replica; replicas may take turns within a step."""

    def __init__(self) -> None:
        self.values = {}

    def log(self, label: str, value: Any) -> None:
        self.values.setdefault(_index(), []).append((label, tf.convert_to_tensor(value)))

    def weighted(self, index: int, weight: float) -> list[tuple[str, tf.Tensor]]:
        """What a replica has plotted, its part of a mean; of perplexities that of logarithms."""
        values = []
        for label, value in self.values.get(index, ()):
            part = tf.math.log(value) if label.endswith('_ppl') else value
            values.append((label, part * tf.constant(weight, part.dtype)))
        return values


@contextlib.contextmanager
def own_seeds(model: tf.Module, index: int) -> Iterator[None]:
    """Within this context the layers of a replica draw numbers of its own, as dropout asks for.

    Between the steps their seeds are the same everywhere, as a checkpoint has them.
    """
    generators = [
        each
        for layer in layers_in(model)
        for each in vars(layer).values()
        if index and isinstance(each, GENERATORS)
    ]
    for each in generators:
        each.state.assign_add([index, 0])
    try:
        yield
    finally:
        for each in generators:
            each.state.assign_sub([index, 0])


def as_vector(tree: Any) -> tf.Tensor:
    """The numbers of all tensors in one, of which a single sum is made."""
    # Gradients of an embedding come as the rows that were used.
    tensors = [tf.convert_to_tensor(each) for each in tf.nest.flatten(tree) if tf.is_tensor(each)]
    dtype = max((tensor.dtype for tensor in tensors), key=lambda dtype: dtype.size)
    return tf.concat([tf.reshape(tf.cast(tensor, dtype), [-1]) for tensor in tensors], 0)


def from_vector(vector: tf.Tensor, tree: Any) -> Any:
    """Tensors like those of the tree, with the numbers of a vector."""
    start = 0

    def take(tensor):
        nonlocal start
        if not tf.is_tensor(tensor):
            return tensor
        begin, start = start, start + tensor.shape.num_elements()
        return tf.cast(tf.reshape(vector[begin:start], tensor.shape), tensor.dtype)

    return tf.nest.map_structure(take, tree)


def _index():
    """The number of the replica whose step is made now."""
    return int(tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group))
