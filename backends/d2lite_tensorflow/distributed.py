"""Several processes and devices on TensorFlow, which `tf.distribute` has as replicas of a step."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from d2lite.console import warn
from d2lite.training import distributed
from d2lite.training.distributed import ProcessesLost, lost, sentence, timeout
from d2lite_tensorflow.module import layers_in
from d2lite_tensorflow.replicas import Replicas

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
    return len(local_devices(trainer)) if announced() == 1 else 1


def local_devices(trainer: 'Trainer') -> list[str]:
    """The names of the devices of this process, of the kind that the trainer trains on."""
    kind = 'GPU' if trainer.num_gpus and trainer.find_gpus() else 'CPU'
    return [device.name for device in tf.config.list_logical_devices(kind)]


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
            # One graph for all lengths: TensorFlow warns of many.
            signature = [tf.TensorSpec([None], tf.float64)]
            self.summed = tf.function(self._sum, signature, autograph=False)
            self.wait()

    def sum(self, numbers: np.ndarray) -> np.ndarray:
        with self.lost():
            total = self.summed(tf.constant(np.ravel(numbers), tf.float64)).numpy()
        return total.reshape(np.shape(numbers))

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


@contextlib.contextmanager
def on_all_devices(trainer: 'Trainer') -> Iterator[None]:
    """Within this context a trainer makes its steps on all devices that train together."""
    if not trainer.trains_together:
        yield
        return
    if trainer.processes.size > 1:
        strategy = trainer.processes.strategy
    else:
        devices = local_devices(trainer)[: trainer.num_devices]
        # Between devices of a CPU, TensorFlow mixes up sums of a step that is made as written.
        sums = None if trainer.gpus else tf.distribute.ReductionToOneDevice()
        strategy = tf.distribute.MirroredStrategy(devices, sums)
    trainer.replicas = Replicas(strategy)
    try:
        with trainer.serialization.own_numbers(trainer.rank):
            yield
    finally:
        trainer.replicas = None


def prepare(trainer: 'Trainer') -> None:
    """Has all processes begin with the parameters of the first; normalisation is over all."""
    trainer.serialization.build(trainer, trainer.first_batch())
    processes = trainer.processes
    if processes.size > 1:
        for variable in trainer.model.variables:
            value = variable.numpy()
            variable.assign(processes.sum(value if trainer.rank == 0 else np.zeros_like(value)))
    if trainer.compile is True and trainer.rank == 0:
        warn(
            'compile=True: XLA does not compile sums over processes or devices, so steps are '
            'graphs of TensorFlow here, as without it'
        )
    # The devices of a process have running statistics in common, and all write the same ones.
    for layer in layers_in(trainer.model):
        if hasattr(layer, 'synchronized'):
            layer.synchronized = True
