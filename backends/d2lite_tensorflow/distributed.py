"""Several processes and devices on TensorFlow: a step on each with its share, by `tf.distribute`.

The strategy runs the step once for each device, and adds up gradients and what was plotted, each
share with its weight. Then the variables are updated as they are on a single device.
"""

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from d2lite.console import warn
from d2lite.training import distributed
from d2lite.training.batches import map_batch, num_examples
from d2lite.training.distributed import ProcessesLost, lost, sentence, share, timeout
from d2lite_tensorflow.module import layers_in

if TYPE_CHECKING:
    from d2lite_tensorflow.trainer import Trainer

STRATEGIES = ('auto',)


def announced() -> int:
    """The number of processes that who started this one has announced."""
    return len(addresses()) or 1


def addresses() -> list[str]:
    """Where the processes are, HOST:PORT by rank, from TF_CONFIG: a chief before the workers."""
    cluster = _config().get('cluster', {})
    return [*cluster.get('chief', ()), *cluster.get('worker', ())]


def devices_here(trainer: 'Trainer') -> int:
    """The number of devices that one process can train on."""
    return 1


def _config():
    return json.loads(os.environ.get('TF_CONFIG') or '{}')


class Processes(distributed.Processes):
    """The workers of a MultiWorkerMirroredStrategy, which reads TF_CONFIG."""

    def __init__(self) -> None:
        task, self.size = _config()['task'], announced()
        after_chief = len(_config()['cluster'].get('chief', ())) if task['type'] == 'worker' else 0
        self.rank = int(task['index']) + after_chief
        meet(addresses(), self.rank)
        with self.lost():
            self.strategy = tf.distribute.MultiWorkerMirroredStrategy()
            self.summed = tf.function(self._sum, autograph=False)
            self.wait()

    def sum(self, numbers: np.ndarray) -> np.ndarray:
        with self.lost():
            return self.summed(tf.constant(numbers, tf.float64)).numpy()

    def lost(self) -> contextlib.AbstractContextManager:
        return lost(self.rank, self.size, _tells_of_loss)

    def _sum(self, numbers):
        return self.strategy.reduce('SUM', numbers, axis=None)


def meet(addresses: list[str], rank: int) -> None:
    """Waits until all processes are there, for TensorFlow would wait for ever, and hear nothing.

    Each listens where TensorFlow will, until all others have called. Raises ProcessesLost.
    """
    deadline, others = time.monotonic() + timeout(), addresses[:rank] + addresses[rank + 1 :]
    try:
        with socket.create_server(('', _host_and_port(addresses[rank])[1])) as server:
            for address in others:
                while True:
                    try:
                        socket.create_connection(_host_and_port(address), timeout()).close()
                        break
                    except OSError:
                        if time.monotonic() > deadline:
                            raise
                        time.sleep(0.1)
            for _ in others:
                server.settimeout(max(0.1, deadline - time.monotonic()))
                server.accept()[0].close()
    except OSError as error:
        raise ProcessesLost(sentence(rank, len(addresses))) from error


def _host_and_port(address):
    host, _, port = address.rpartition(':')
    return host, int(port)


def _tells_of_loss(error: Exception) -> bool:
    kinds = (tf.errors.UnavailableError, tf.errors.DeadlineExceededError, tf.errors.AbortedError)
    return isinstance(error, (*kinds, tf.errors.CancelledError))


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
def on_all_devices(trainer: 'Trainer') -> Iterator[None]:
    """Within this context a trainer makes its steps on all devices that train together."""
    if not trainer.trains_together:
        yield
        return
    trainer.replicas = Replicas(trainer.processes.strategy)
    try:
        yield
    finally:
        trainer.replicas = None


def prepare(trainer: 'Trainer') -> None:
    """Has all processes begin with the parameters of the first; normalisation is over all."""
    trainer.serialization.build(trainer, trainer.first_batch())
    for variable in trainer.model.variables:
        value = variable.numpy()
        variable.assign(trainer.processes.sum(value if trainer.rank == 0 else np.zeros_like(value)))
    if trainer.compile is True and trainer.rank == 0:
        warn(
            'compile=True: XLA does not compile sums over processes, so steps are graphs of '
            'TensorFlow here, as without it'
        )
    for layer in layers_in(trainer.model):
        if hasattr(layer, 'synchronized'):
            layer.synchronized = True


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
