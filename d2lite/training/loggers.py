"""Callbacks that write the history of a training down, epoch by epoch."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from d2lite.training.callbacks import Callback

if TYPE_CHECKING:
    from d2lite.training.module import Module
    from d2lite.training.trainer import Trainer

__all__ = ['CSVLogger', 'TensorBoardLogger']


class CSVLogger(Callback):
    """Writes a line for each epoch to `path`, with the columns of the history.

    The file is made anew by each training; one that goes on from a checkpoint writes the epochs
    before it as well.
    """

    def __init__(self, path: str = 'history.csv') -> None:
        self.path = Path(path)

    def on_fit_start(self, trainer: 'Trainer', model: 'Module') -> None:
        self.columns: list[str] = []
        self.silent = trainer.rank > 0
        self._write(trainer.history)

    def on_train_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        if list(trainer.history[-1]) != self.columns:
            self._write(trainer.history)
        else:
            self._append(trainer.history[-1:], 'a')

    def _write(self, history):
        self.columns = list({key: None for row in history for key in row})
        self._append(history, 'w')

    def _append(self, rows, mode):
        if self.silent:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open(mode, newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, self.columns)
            if mode == 'w' and self.columns:
                writer.writeheader()
            writer.writerows(rows)


class TensorBoardLogger(Callback):
    """Writes scalars of each epoch to the folder `log_dir`, for `tensorboard --logdir`.

    Needs the package tensorboard: pip install "d2lite[tensorboard]".
    """

    def __init__(self, log_dir: str = 'runs') -> None:
        try:
            from tensorboard.summary import Writer
        except ImportError as error:
            raise ImportError(
                'TensorBoardLogger needs the package tensorboard. Install it with:\n'
                '    pip install tensorboard'
            ) from error
        self.log_dir, self.make_writer = str(log_dir), Writer

    def on_fit_start(self, trainer: 'Trainer', model: 'Module') -> None:
        self.writer = self.make_writer(self.log_dir) if trainer.rank == 0 else None

    def on_train_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        row = trainer.history[-1] if self.writer else {}
        for label in row.keys() - {'epoch'}:
            self.writer.add_scalar(label, row[label], row['epoch'])

    def on_fit_end(self, trainer: 'Trainer', model: 'Module') -> None:
        if self.writer:
            self.writer.close()

    def on_exception(self, trainer: 'Trainer', model: 'Module', exception: BaseException) -> None:
        if self.writer:
            self.writer.close()
