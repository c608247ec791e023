"""Trainings that come out the same in one process and in several: `python lesson.py BACKEND FILE`.

Rank r writes what it has found to FILE.r.npz. Imported, `results` does the same in this process.
"""

import contextlib
import json
import sys
from types import SimpleNamespace

import numpy as np
import rules

from d2lite import selection
from d2lite.parity import recorder, standard_problem

MODELS = ('LinearRegressionScratch', 'LinearRegression', 'MLP', 'LeNet', 'TransformerLM')
SMALL = MODELS[:3]
COMPILED = ('tensorflow', 'jax')  # they take long to compile: large models in float64 only
SHARDED = ('LinearRegressionScratch', 'MLP', 'TransformerLM')  # by strategy='fsdp', too
BATCH_SIZE, ROWS = 16, {'LinearRegression': 33}  # 37 for others: the last batch has 1 row, or 5


def results(backend, models=None, dtypes=('float32', 'float64'), strategy='auto'):
    """{name: array} of all trainings: losses, histories and parameters."""
    found = {}
    d2l = selection.load(backend)
    d2l.seed_everything(0)
    # Its shares differ in how many tokens are no padding.
    models = models or (*MODELS, *(['Transformer'] if backend not in COMPILED else []))
    for dtype in dtypes:
        is_double = dtype == 'float64'
        with d2l.Trainer.arithmetic.in_float64() if is_double else contextlib.nullcontext():
            for model in models:
                if backend in COMPILED and not is_double and model not in SMALL:
                    continue
                for name, array in trained(d2l, model, dtype, strategy=strategy).items():
                    found[f'{dtype} {model} {name}'] = array
    return found


def trained(d2l, name, dtype, **kwargs):
    """Three epochs with clipping, a partial last batch, and momentum but for the scratch model."""
    problem = standard_problem(name, dtype=dtype)
    # No power of 2, so that rounding it shows: but MXNet's own SGD takes it in float32.
    model = problem.make(WithMomentum(d2l), problem.lr / 4)
    model.plot_train_per_epoch = 100  # each step
    if d2l.Module.backend == 'mxnet' and dtype == 'float64':
        rows = tuple(recorder._in_float32(array[:1]) for array in problem.arrays[:-1])
        model.apply_init(recorder.as_tensors(d2l, rows))
        model.cast('float64')
    trainer = d2l.Trainer(**{'max_epochs': 3, 'gradient_clip_val': 0.5} | kwargs)
    trainer.fit(model, data_of(d2l, problem, ROWS.get(name, 37)), init_params=problem.start)
    found = {f'history {k}': v for k, v in columns(trainer.history).items()}
    found |= {f'board {k}': np.array([p.y for p in v]) for k, v in model.board.data.items()}
    found |= {f'parameter {k}': v for k, v in trainer.get_parameters().items()}
    return found


def columns(history):
    keys = [key for key in history[0] if 'seconds' not in key]
    return {key: np.array([row[key] for row in history]) for key in keys}


def data_of(d2l, problem, rows):
    class Data(d2l.DataModule):
        def __init__(self):
            self.batch_size, self._seed, self._num_loaders = BATCH_SIZE, 0, 0
            self.tensors = recorder.as_tensors(d2l, problem.arrays)

        def get_dataloader(self, train):
            return self.get_tensorloader(self.tensors, train, slice(0, rows if train else 21))

    return Data()


class WithMomentum:
    """The namespace `d2l` with models that are trained by the framework's SGD with momentum."""

    def __init__(self, d2l):
        self.d2l = d2l

    def __getattr__(self, name):
        thing = getattr(self.d2l, name)
        if name == 'Module':
            return SimpleNamespace(backend=thing.backend, configure_optimizers=momentum)
        if name in MODELS[1:4]:
            return type(name, (thing,), {'configure_optimizers': momentum, '__module__': __name__})
        return thing


def momentum(self):
    lr = self.lr
    if self.backend == 'pytorch':
        from torch import optim

        return optim.SGD(self.parameters(), lr, momentum=0.5)
    if self.backend == 'mxnet':
        from mxnet import gluon

        return gluon.Trainer(self.collect_params(), 'sgd', {'learning_rate': lr, 'momentum': 0.5})
    if self.backend == 'tensorflow':
        from d2lite_tensorflow.framework import keras

        return keras.optimizers.SGD(lr, momentum=0.5)
    import optax

    return optax.sgd(lr, momentum=0.5)


if __name__ == '__main__':
    backend, file = sys.argv[1:]
    found = results(backend)
    rank = selection.load(backend).Trainer(max_epochs=1).rank
    np.savez(f'{file}.{rank}.npz', **found)
    if 'fsdp' in selection.load(backend).Trainer.engine.STRATEGIES:
        dtypes = ('float64',) if backend in COMPILED else ('float32', 'float64')
        found = results(backend, SHARDED, dtypes, strategy='fsdp')
        np.savez(f'{file}.{rank}.sharded.npz', **found)
    with open(f'{file}.{rank}.json', 'w') as written:
        json.dump(rules.found(selection.load(backend), f'{file}.{rank}'), written)
