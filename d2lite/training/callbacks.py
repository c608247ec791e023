"""Callbacks: what a training does beside its steps, at fixed places of the loop.

    trainer = d2l.Trainer(max_epochs=10, callbacks=[d2l.EarlyStopping('val_loss', patience=3)])

The names of the methods are those of Lightning.
"""

import math
from typing import TYPE_CHECKING

from d2lite.console import warn
from d2lite.files import check_writable
from d2lite.training.metrics import NO_METRICS

if TYPE_CHECKING:
    from d2lite.training.module import Module
    from d2lite.training.trainer import Trainer

__all__ = ['Callback', 'EarlyStopping', 'LearningRateMonitor', 'ModelCheckpoint']


class Callback:
    """Base class of callbacks: override the methods for the places that matter.

    Each gets the trainer and the model. `trainer.history[-1]` is the epoch that has just ended, and
    `trainer.should_stop = True` ends the training after it.
    """

    # `on_train_batch_end` is called after each step whose number is a multiple of this. With 1,
    # compiled steps are made one by one. None: after any steps, as often as is convenient.
    every_n_train_steps: int | None = 1

    def on_fit_start(self, trainer: 'Trainer', model: 'Module') -> None:
        """Called before the first epoch, when parameters and optimizer are ready."""

    def on_fit_end(self, trainer: 'Trainer', model: 'Module') -> None:
        """Called after the last epoch, unless the training ended by an exception."""

    def on_train_epoch_start(self, trainer: 'Trainer', model: 'Module') -> None:
        """Called before each epoch."""

    def on_train_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        """Called after each epoch, when it is in the history."""

    def on_train_batch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        """Called after a step of training; see `every_n_train_steps`."""

    def on_validation_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        """Called after each epoch with validation data, before `on_train_epoch_end`."""

    def on_exception(self, trainer: 'Trainer', model: 'Module', exception: BaseException) -> None:
        """Called when the training ends by an exception, KeyboardInterrupt included."""


class Monitor(Callback):
    """Base class of callbacks that compare a label of the history from epoch to epoch.

    `monitor`: the label, such as 'val_loss'. `mode`: 'min' if less is better, or 'max'.
    `min_delta`: a smaller change counts as none.
    """

    def __init__(
        self, monitor: str = 'val_loss', min_delta: float = 0.0, mode: str = 'min'
    ) -> None:
        if mode not in ('min', 'max'):
            raise ValueError(f"mode must be 'min' or 'max', got {mode!r}")
        if not min_delta >= 0:
            raise ValueError(f'min_delta must be a number >= 0, got {min_delta!r}')
        self.monitor, self.min_delta, self.mode = monitor, min_delta, mode

    def on_fit_start(self, trainer: 'Trainer', model: 'Module') -> None:
        self.best_score = math.inf if self.mode == 'min' else -math.inf
        self.best_epoch = None
        for row in trainer.history:  # of a training that goes on from a checkpoint
            self.is_better(row)

    def is_better(self, row: dict) -> bool:
        """Compares an epoch of the history with the best before, and remembers the better one."""
        if self.monitor not in row:
            labels = ', '.join(key for key in row if key not in NO_METRICS) or 'nothing'
            raise ValueError(
                f'{type(self).__name__} monitors {self.monitor!r}, but the model plots {labels}'
            )
        score = row[self.monitor]
        gain = self.best_score - score if self.mode == 'min' else score - self.best_score
        if not gain > self.min_delta:  # NaN is never better
            return False
        self.best_score, self.best_epoch = score, row['epoch']
        return True


class EarlyStopping(Monitor):
    """Ends training when `monitor` was no better than before for `patience` epochs."""

    def __init__(
        self,
        monitor: str = 'val_loss',
        patience: int = 3,
        min_delta: float = 0.0,
        mode: str = 'min',
    ) -> None:
        super().__init__(monitor, min_delta, mode)
        self.patience = patience
        self.stopped_epoch = None  # the epoch after which it has stopped a training

    def on_train_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        epoch = trainer.history[-1]['epoch']
        if (
            not self.is_better(trainer.history[-1])
            and epoch - (self.best_epoch or 0) >= self.patience
        ):
            trainer.should_stop, self.stopped_epoch = True, epoch


class ModelCheckpoint(Monitor):
    """Keeps the parameters of the epoch in which `monitor` was best.

    `path`: a file for them (safetensors, see `save_parameters`); without one they stay in memory.
    `trainer.load_best()` gives them back to the model.
    """

    def __init__(
        self,
        monitor: str = 'val_loss',
        path: str | None = None,
        min_delta: float = 0.0,
        mode: str = 'min',
    ) -> None:
        super().__init__(monitor, min_delta, mode)
        self.path = path
        self.best_params = None

    def on_fit_start(self, trainer: 'Trainer', model: 'Module') -> None:
        super().on_fit_start(trainer, model)
        if self.path is not None:
            check_writable(f'{type(self).__name__} path', self.path)

    def on_train_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        if self.is_better(trainer.history[-1]):
            if self.path is None:
                self.best_params = trainer.get_parameters()
            else:
                trainer.save_parameters(self.path)


class LearningRateMonitor(Callback):
    """Keeps the learning rate of each epoch: in the history as `lr`, and in `self.lrs`."""

    def on_fit_start(self, trainer: 'Trainer', model: 'Module') -> None:
        self.lrs: list[float] = []

    def on_train_epoch_start(self, trainer: 'Trainer', model: 'Module') -> None:
        self.lr = trainer.current_lr()
        if self.lr is None:
            warn(f'{type(trainer.optim).__name__} tells no learning rate: there is none to monitor')

    def on_train_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        if self.lr is not None:
            self.lrs.append(self.lr)
            trainer.history[-1]['lr'] = self.lr
