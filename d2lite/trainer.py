"""Trainer: the loop that is the same on every backend. What differs is `fit_epoch`.

prepare_data ─► prepare_model ─► prepare_optimizer ─► fit_epoch, max_epochs times
"""

import numbers
import time
import warnings

import numpy as np

from d2lite.hyperparameters import HyperParameters

__all__ = ['Trainer']


class Trainer(HyperParameters):
    """Trains a Module on a DataModule.

    `max_epochs`: passes over the training data. `num_gpus`: 1 trains on the first GPU, 0 on the
    CPU. `gradient_clip_val`: gradients are scaled down to this norm, 0 leaves them as they are.
    While and after `fit`: `epoch`, `train_batch_idx` and `val_batch_idx` count from 0, and
    `history` has a dictionary for each epoch with the means over its batches of what the model
    plotted (`train_loss`, `val_loss`, ...), and its `seconds`. Definition: d2l, section
    "Object-Oriented Design for Implementation".
    """

    backend = None  # the name of the backend, set in each backend's subclass

    def __init__(self, max_epochs, num_gpus=0, gradient_clip_val=0):
        _check_count('max_epochs', max_epochs)
        _check_count('num_gpus', num_gpus)
        if not isinstance(gradient_clip_val, numbers.Real) or not gradient_clip_val >= 0:
            raise ValueError(f'gradient_clip_val must be a number >= 0, got {gradient_clip_val!r}')
        self.save_hyperparameters()
        self.gpus = self.find_gpus()[:num_gpus]
        if len(self.gpus) < num_gpus:
            place = f'{len(self.gpus)} of them' if self.gpus else 'the CPU'
            warnings.warn(
                f'num_gpus={num_gpus}, but {self.backend} finds {len(self.gpus)} GPU(s) here: '
                f'training on {place}',
                stacklevel=2,
            )
        if len(self.gpus) > 1:
            warnings.warn(
                'd2lite trains on one GPU: of those asked for it uses the first', stacklevel=2
            )

    def fit(self, model, data=None):
        """Trains `model` on `data` for `max_epochs` epochs.

        Raises TypeError or ValueError, before anything is changed, if they cannot be trained.
        """
        self.check_arguments(model, data)
        self.prepare_data(data)
        self.prepare_model(model)
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0
        self.history, self._recorded = [], {}
        self.prepare_optimizer()
        for epoch in range(self.max_epochs):
            self.epoch = epoch
            start = time.perf_counter()
            self.fit_epoch()
            self._close_epoch(seconds=time.perf_counter() - start)
        model.board.finish()

    def prepare_data(self, data):
        """Takes the dataloaders from `data`, and counts their batches."""
        self.train_dataloader = data.train_dataloader()
        self.val_dataloader = data.val_dataloader()
        self.num_train_batches = _num_batches(self.train_dataloader, 'train_dataloader')
        self.num_val_batches = 0
        if self.val_dataloader is not None:
            self.num_val_batches = _num_batches(self.val_dataloader, 'val_dataloader')

    def prepare_model(self, model):
        """Makes the model report to this trainer, and moves it to the GPU if there is one."""
        model.trainer = self
        model.board.xlim = [0, self.max_epochs]
        if self.gpus:
            self.move_model(model)
        self.model = model

    def prepare_optimizer(self):
        """Asks the model for its optimizer."""
        self.optim = self.model.configure_optimizers()

    def prepare_batch(self, batch):
        """The minibatch as the model takes it: on the GPU if there is one."""
        return self.move_batch(batch) if self.gpus else batch

    def fit_epoch(self):
        """One pass over the training data and one over the validation data."""
        raise NotImplementedError('each backend defines fit_epoch')

    @staticmethod
    def find_gpus():
        """The GPUs that the framework can train on."""
        raise NotImplementedError('each backend defines find_gpus')

    def move_model(self, model):
        raise NotImplementedError('each backend defines move_model')

    def move_batch(self, batch):
        raise NotImplementedError('each backend defines move_batch')

    @property
    def device(self):
        """Where this trainer trains, in words: 'cpu', or the framework's name of the GPU."""
        return str(self.gpus[0]) if self.gpus else 'cpu'

    def record(self, label, value):
        """Keeps a value that the model plotted, as it comes from the device, for the history."""
        self._recorded.setdefault(label, []).append(value)

    def _close_epoch(self, seconds):
        means = {label: _mean(values) for label, values in self._recorded.items()}
        self._recorded = {}
        self.model.board.settle()
        self.history.append({'epoch': self.epoch + 1, **means, 'seconds': seconds})

    def check_arguments(self, model, data):
        """Raises TypeError if `fit` cannot work with these, and says what is wrong with them."""
        if isinstance(model, type):
            raise TypeError(f'fit takes a model, got the class {model.__name__}: make one first')
        if data is None:
            raise TypeError(
                'fit needs data to train on: fit(model, data), where data is a DataModule, '
                'e.g. d2l.SyntheticRegressionData(w=d2l.tensor([2, -3.4]), b=4.2)'
            )
        for what, thing, methods in (
            ('model', model, ('training_step', 'configure_optimizers')),
            ('data', data, ('train_dataloader', 'val_dataloader')),
        ):
            base = {'model': 'Module', 'data': 'DataModule'}[what]
            missing = [method for method in methods if not hasattr(thing, method)]
            if missing:
                raise TypeError(
                    f'{what} must be a d2l.{base}; {type(thing).__name__} has no {missing[0]}()'
                )
            backend = getattr(thing, 'backend', None)
            if backend not in (None, self.backend):
                raise TypeError(
                    f'this Trainer is for {self.backend}, but {what} is a {base} of {backend}: '
                    f'take all three from the same d2l'
                )


def _num_batches(dataloader, name):
    try:
        count = len(dataloader)
    except TypeError:
        raise TypeError(
            f'{name}() must return something with a len(), the number of batches; got '
            f'{type(dataloader).__name__}'
        ) from None
    if count == 0:
        raise ValueError(f'{name}() has no batches: there is nothing to train on')
    return count


def _check_count(name, value):
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise ValueError(f'{name} must be an integer >= 0, got {value!r}')


def _mean(values):
    return sum(float(value) for value in values) / len(values)
