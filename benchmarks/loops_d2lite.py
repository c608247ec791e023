"""d2lite as a contender, on each backend."""

import importlib
from collections.abc import Callable
from types import ModuleType

import numpy as np

from benchmarks.loop import Loop
from benchmarks.workloads import SHAPES, Data, Workload
from d2lite import selection

__all__ = ['D2Lite']


class D2Lite(Loop):
    """`Trainer.fit` with the board off."""

    # What the first epoch of a fit prepares is part of a fit, and not of a steady epoch.
    untimed_epochs = 1

    def __init__(self, backend: str, compile: bool | None, num_gpus: int, *arguments):
        self.backend, self.compile, self.num_gpus = backend, compile, num_gpus
        self.channels_first = backend in ('pytorch', 'mxnet')
        self.label_dtype = 'int64' if backend == 'pytorch' else 'int32'
        super().__init__(*arguments)

    def build(self, data: Data, parameters: list[np.ndarray]) -> None:
        self.d2l = selection.load(self.backend)
        self.data = data_module(self.d2l, self.workload, data)
        self.model = self.make_model()
        self.model.board.display = False
        names = ['w', 'b']
        if self.workload.has_tokens:
            names = list(SHAPES[self.workload.model])
        elif self.workload.model != 'scratch':
            layers = [f'net.{i}' for i in range(len(parameters) // 2)]
            if self.workload.model == 'linear':
                layers = ['net']
            names = [f'{layer}.{kind}' for layer in layers for kind in ('weight', 'bias')]
        self.initial = dict(zip(names, parameters, strict=True))

    def make_model(self):
        lr, d2l = self.lr, self.d2l
        if self.workload.model == 'scratch':
            return d2l.LinearRegressionScratch(self.workload.num_inputs, lr=lr)
        if self.workload.model == 'linear':
            return d2l.LinearRegression(lr=lr)
        if self.workload.has_tokens:
            models = importlib.import_module(f'benchmarks.sequences_{self.backend}')
            return models.d2lite_model(d2l, self.workload.model, lr)
        if self.workload.model == 'mlp':
            return d2l.MLP(num_outputs=10, num_hiddens=256, lr=lr)
        return d2l.LeNet(lr=lr)

    def fit(self, num_epochs: int, stamp: Callable[[], None] = lambda: None) -> None:
        """Trains from the initial parameters; calls `stamp` after each epoch."""

        class Stamp(self.d2l.Callback):
            def on_train_epoch_end(self, trainer, model):
                stamp()

        self.trainer = self.d2l.Trainer(
            num_epochs, num_gpus=self.num_gpus, compile=self.compile, callbacks=[Stamp()]
        )
        self.trainer.fit(self.model, self.data, init_params=self.initial)
        self.history += [
            (row.get('train_loss'), row.get('val_loss')) for row in self.trainer.history
        ]

    def parameters(self) -> list[np.ndarray]:
        arrays = self.trainer.get_parameters()
        return [arrays[name] for name in self.initial]


def data_module(d2l: ModuleType, workload: Workload, data: Data):
    """The data as a DataModule, as a lesson would write it."""

    class Arrays(d2l.DataModule):
        def __init__(self):
            super().__init__()
            self.batch_size = workload.batch_size
            self.train = tuple(map(self.tensor, (data.X, data.y)))
            self.val = tuple(map(self.tensor, (data.X_val, data.y_val)))

        def get_dataloader(self, train):
            return self.get_tensorloader(self.train if train else self.val, train)

        def val_dataloader(self):
            return self.get_dataloader(train=False) if workload.num_val else None

    return Arrays()
