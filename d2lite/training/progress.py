"""A line on the terminal that says how far a training is: for scripts, where no plot is drawn.

    epoch 2/3 · batch 12/32 · train_loss 0.8412 · val_loss 0.3259

The losses are the means of the last complete epoch, which the history has as plain numbers: a value
that is still on the device is never waited for. In a notebook and on a pipe nothing is printed.
"""

import os
import sys
import time
from typing import TYPE_CHECKING

from d2lite.plotting.notebook import in_notebook
from d2lite.training.callbacks import Callback
from d2lite.training.metrics import NO_METRICS

if TYPE_CHECKING:
    from d2lite.training.module import Module
    from d2lite.training.trainer import Trainer

__all__ = ['ProgressLine']

SECONDS_BETWEEN_LINES = 0.1
SECONDS_TO_TELL = 0.5  # that compiling took


class ProgressLine(Callback):
    """The line of one `fit` of `trainer`; `model.board.display = False` turns it off."""

    every_n_train_steps = None

    def __init__(self, trainer: 'Trainer') -> None:
        self.trainer = trainer
        self.stream = sys.stdout
        terminal = getattr(self.stream, 'isatty', lambda: False)()
        self.shown = terminal and trainer.model.board.display and not in_notebook()
        self.written = 0  # characters of the line that is there
        self.last = float('-inf')

    def on_train_batch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        """Writes the line, if it is due."""
        if self.shown and time.monotonic() - self.last >= SECONDS_BETWEEN_LINES:
            self._write()

    def on_train_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        self.on_train_batch_end(trainer, model)

    def on_exception(self, trainer: 'Trainer', model: 'Module', exception: BaseException) -> None:
        self.on_fit_end(trainer, model)

    def on_fit_end(self, trainer: 'Trainer', model: 'Module') -> None:
        """Ends the line, with what the training came to."""
        if self.shown and (self.written or self.trainer.history):
            self._write()
            self.stream.write('\n')
            self.stream.flush()
        self.shown = False

    def _write(self):
        text = self._text()
        columns = _columns(self.stream)
        if len(text) >= columns:  # a line that wraps cannot be written over
            text = text[: columns - 2] + '…'
        self.stream.write('\r' + text.ljust(self.written))
        self.stream.flush()
        self.written = len(text)
        self.last = time.monotonic()

    def _text(self):
        trainer = self.trainer
        done = trainer.batches_in_epoch
        within = done is not None
        epoch = trainer.epoch + 1 if within else len(trainer.history)
        parts = ['epoch ' + _of(epoch, trainer.max_epochs)]
        if within:
            parts.append('batch ' + _of(done, trainer.num_train_batches))
        for key, value in (trainer.history[-1] if trainer.history else {}).items():
            if key not in NO_METRICS:
                parts.append(f'{key} {value:.4g}')
        compiling = sum(row.get('compile_seconds', 0) for row in trainer.history)
        if compiling >= SECONDS_TO_TELL:
            parts.append(f'compiled in {compiling:.1f} s')
        return ' · '.join(parts)


def _of(number, total):
    return f'{number}' if total is None else f'{number}/{total}'


def _columns(stream) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80
