"""d2lite as a contender, on each backend, and the book's own library where it is installed."""

import importlib
import importlib.util
import inspect

from benchmarks.loop import Loop
from d2lite import selection


class D2Lite(Loop):
    """`Trainer.fit` with the board off."""

    # What the first epoch of a fit prepares is part of a fit, and not of a steady epoch.
    untimed_epochs = 1
    trainer_arguments = {}
    epoch_method = 'run_epoch'  # what the Trainer calls once an epoch

    def __init__(self, backend, *args, **kwargs):
        self.backend = backend
        super().__init__(*args, **kwargs)

    def namespace(self):
        return selection.load(self.backend)

    def build(self, data, parameters):
        self.d2l = self.namespace()
        self.data = self.data_module(data)
        self.model = self.make_model()
        self.model.board.display = False
        names = ['w', 'b']
        if self.workload.model != 'scratch':
            layers = [f'net.{i}' for i in range(len(parameters) // 2)]
            if self.workload.model == 'linear':
                layers = ['net']
            names = [f'{layer}.{kind}' for layer in layers for kind in ('weight', 'bias')]
        self.initial = dict(zip(names, parameters, strict=True))

    def data_module(self, data):
        loop, workload, d2l = self, self.workload, self.d2l
        train, val = (data.X, data.y), (data.X_val, data.y_val)
        if workload.model == 'lenet' and self.backend in ('pytorch', 'mxnet'):
            train, val = ((X.reshape(-1, 1, 28, 28), y) for X, y in (train, val))
        if workload.classifies and self.backend == 'pytorch':
            train, val = ((X, y.astype('int64')) for X, y in (train, val))

        arrays = {
            True: tuple(loop.tensor(array) for array in train),
            False: tuple(loop.tensor(array) for array in val),
        }
        del train, val  # the class would keep them

        class Arrays(d2l.DataModule):
            def __init__(self):
                super().__init__()
                self.batch_size = workload.batch_size
                self.arrays = arrays

            def get_dataloader(self, train):
                loader = self.get_tensorloader(self.arrays[train], train)
                if train:
                    loop.train_dataloader = loader
                return loader

            def val_dataloader(self):
                return self.get_dataloader(train=False) if workload.num_val else None

        return Arrays()

    def tensor(self, array):
        return self.d2l.DataModule.tensor(array)

    def make_model(self):
        lr, d2l = self.lr, self.d2l
        if self.workload.model == 'scratch':
            return d2l.LinearRegressionScratch(self.workload.num_inputs, lr=lr)
        if self.workload.model == 'linear':
            return d2l.LinearRegression(lr=lr)
        if self.workload.model == 'mlp':
            return d2l.MLP(num_outputs=10, num_hiddens=256, lr=lr)
        return d2l.LeNet(lr=lr)

    def fit(self, num_epochs, stamp=lambda: None):
        """Calls `stamp` after each epoch."""
        trainer = self.make_trainer(num_epochs)
        run_epoch = getattr(trainer, self.epoch_method)

        def run_epoch_and_stamp():
            run_epoch()
            stamp()

        # On the object, so that the Trainer's own class is what decides how it trains.
        setattr(trainer, self.epoch_method, run_epoch_and_stamp)
        self.run(trainer)
        self.trainer = trainer

    def make_trainer(self, num_epochs):
        return self.d2l.Trainer(max_epochs=num_epochs, **self.trainer_arguments)

    def run(self, trainer):
        trainer.fit(self.model, self.data, init_params=self.initial)
        self.history += [(each['train_loss'], each.get('val_loss')) for each in trainer.history]

    def parameters(self):
        arrays = self.trainer.get_parameters()
        return [arrays[name] for name in self.initial]


class D2LiteCompiled(D2Lite):
    trainer_arguments = {'compile': True}

    def make_trainer(self, num_epochs):
        if 'compile' not in inspect.signature(self.d2l.Trainer.__init__).parameters:
            raise NotImplementedError('this Trainer has no argument `compile`')
        return super().make_trainer(num_epochs)


class Book(D2Lite):
    """The library of the book, as it comes, on the same lesson code."""

    epoch_method = 'fit_epoch'

    def namespace(self):
        name = {'pytorch': 'torch'}.get(self.backend, self.backend)
        return importlib.import_module(f'd2l.{name}')

    def tensor(self, array):
        return selection.load(self.backend).DataModule.tensor(array)

    def run(self, trainer):
        trainer.fit(self.model, self.data)  # from parameters of its own

    @staticmethod
    def installed():
        """Whether there is a package d2l that is not d2lite under that name."""
        spec = importlib.util.find_spec('d2l')
        return spec is not None and 'd2lite' not in str(spec.origin)
