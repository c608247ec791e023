"""A step in one process, and in several that train together: `python -m benchmarks --processes 2`.

An MLP of 784-2048-2048-10 units on random numbers, minibatches of 512. Each process has one core of
its own. A step is the mean over an epoch, the time is the median of the epochs after the first.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from d2lite import selection

BATCH_SIZE, STEPS, EPOCHS = 512, 12, 6


def compare(backends: Sequence[str], processes: int, path: str | None) -> None:
    """Prints what one process takes for a step, and what so many take; `path`: of a JSON file."""
    results = {}
    for backend in backends:
        results[backend] = {count: measured(backend, count) for count in (1, processes)}
        for count, ms in results[backend].items():
            rate, faster = BATCH_SIZE / ms * 1000, results[backend][1] / ms
            print(
                f'{backend:<12}{count} process{"es" * (count > 1):<3} {ms:7.1f} ms a step '
                f'{rate:8.0f} examples/s  {faster:.2f} times as fast',
                flush=True,
            )
    if path:
        Path(path).write_text(json.dumps(results, indent=1) + '\n')


def measured(backend: str, processes: int) -> float:
    """The milliseconds of a step."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, '-m', 'd2lite', 'launch', '--processes', str(processes)]
        command += [__file__, backend, f'{folder}/ms']
        env = os.environ | {'OMP_NUM_THREADS': '1', 'PYTHONPATH': os.getcwd()}
        subprocess.run(command, env=env, check=True)
        return float(Path(folder, 'ms').read_text())


def train(backend: str, path: str) -> None:
    """Trains in this process, one of those that were started; the first writes what it took."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[int(os.environ['LOCAL_RANK']) % len(cores)]})
    d2l = selection.load(backend)
    d2l.seed_everything(0)
    trainer = d2l.Trainer(max_epochs=EPOCHS)
    trainer.fit(model_of(d2l), data_of(d2l))
    seconds = [row['seconds'] for row in trainer.history[1:]]
    if trainer.rank == 0:
        Path(path).write_text(str(statistics.median(seconds) / STEPS * 1000))


def data_of(d2l: ModuleType) -> Any:
    class Numbers(d2l.DataModule):
        def __init__(self):
            super().__init__()
            self.batch_size = BATCH_SIZE
            rng = np.random.default_rng(0)
            X = rng.standard_normal((BATCH_SIZE * STEPS, 784), np.float32)
            y = rng.integers(0, 10, len(X)).astype(self.label_dtype)
            self.tensors = self.tensor(X), self.tensor(y)

        def get_dataloader(self, train):
            return self.get_tensorloader(self.tensors, train) if train else None

    return Numbers()


def model_of(d2l: ModuleType) -> Any:
    backend = d2l.Module.backend

    class Net(d2l.Classifier):
        def __init__(self, lr):
            super().__init__()
            self.save_hyperparameters()
            self.net = layers(backend)

    if backend == 'jax':

        class Net(d2l.Classifier):
            lr: float = 0.01

            def setup(self):
                self.net = layers(backend)

    return Net(lr=0.01)


def layers(backend: str) -> Any:
    """The framework's own layers: 784-2048-2048-10 units."""
    if backend == 'pytorch':
        from torch import nn

        return nn.Sequential(
            *[nn.Linear(784, 2048), nn.ReLU(), nn.Linear(2048, 2048), nn.ReLU()],
            nn.Linear(2048, 10),
        )
    if backend == 'mxnet':
        from mxnet.gluon import nn

        net = nn.HybridSequential()
        dense = [nn.Dense(2048, activation='relu', in_units=n) for n in (784, 2048)]
        net.add(*dense, nn.Dense(10, in_units=2048))
        net.initialize()
        return net
    if backend == 'tensorflow':
        from tensorflow import keras

        dense = [keras.layers.Dense(2048, activation='relu') for _ in range(2)]
        return keras.Sequential([*dense, keras.layers.Dense(10)])
    if backend == 'jax':
        from flax import linen as nn

        return nn.Sequential([nn.Dense(2048), nn.relu, nn.Dense(2048), nn.relu, nn.Dense(10)])
    from flax import nnx

    rngs = nnx.Rngs(0)
    sizes = [nnx.Linear(*shape, rngs=rngs) for shape in ((784, 2048), (2048, 2048), (2048, 10))]
    return nnx.Sequential(sizes[0], nnx.relu, sizes[1], nnx.relu, sizes[2])


if __name__ == '__main__':
    train(*sys.argv[1:])
