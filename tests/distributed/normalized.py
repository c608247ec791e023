"""Batch normalisation in float64, in one process and in several: `normalized.py BACKEND FILE`.

On JAX also with the parameters divided between the devices. Rank r writes FILE.r.npz.
"""

import sys

import numpy as np
from lesson import momentum  # which finds the folder of the next one
from networks import classifier

from d2lite import selection
from d2lite.parity import recorder


def results(backend, **kwargs):
    """Three epochs with clipping, momentum and a smaller last batch: {name: array}."""
    d2l = selection.load(backend)
    d2l.seed_everything(0)
    with d2l.Trainer.arithmetic.in_float64():
        layers = ('flatten',), ('dense', 12), ('batch_norm_dense',), ('relu',), ('dense', 4)
        model = classifier(d2l, *layers, optimizer=momentum)
        trainer = d2l.Trainer(max_epochs=3, gradient_clip_val=0.5, **kwargs)
        trainer.fit(model, data_of(d2l), init_params=in_float64)
        found = {f'parameter {k}': v for k, v in trainer.get_parameters().items()}
        return found | {'loss': np.array([row['val_loss'] for row in trainer.history])}


def in_float64(params):
    rng = np.random.default_rng(0)
    return {k: v + rng.uniform(0, 0.5, v.shape) for k, v in sorted(params.items())}


def data_of(d2l):
    rng = np.random.default_rng(1)
    arrays = rng.standard_normal((37, 3, 5)), rng.integers(0, 4, 37).astype(np.int32)

    class Data(d2l.DataModule):
        def __init__(self):
            self.batch_size, self._seed, self._num_loaders = 8, 0, 0
            self.tensors = recorder.as_tensors(d2l, arrays)

        def get_dataloader(self, train):
            return self.get_tensorloader(self.tensors, train)

    return Data()


if __name__ == '__main__':
    backend, file, *strategies = sys.argv[1:]
    rank = selection.load(backend).Trainer(max_epochs=1).rank
    for strategy in strategies:
        np.savez(f'{file}.{strategy}.{rank}.npz', **results(backend, strategy=strategy))
