"""The callbacks by which a Trainer writes checkpoints, hears Ctrl-C, and shows how far it is."""

import math
import signal
import threading
from typing import TYPE_CHECKING

from d2lite.training.callbacks import Callback
from d2lite.training.progress import ProgressLine

if TYPE_CHECKING:
    from d2lite.training.module import Module
    from d2lite.training.trainer import Trainer

__all__ = ['loop_callbacks']


def loop_callbacks(trainer: 'Trainer') -> list[Callback]:
    """What a training needs of them; the order is that in which they are called."""
    trainer.interruption = Interruption()
    callbacks = [trainer.interruption]
    if trainer.detect_anomaly:
        callbacks.insert(0, AnomalyDetection())
    if trainer.checkpoint_every:
        callbacks.insert(0, PeriodicCheckpoint(trainer.checkpoint_every, trainer.checkpoint_path))
    if trainer.model.board.is_watched() and trainer.processes.size == 1:
        callbacks.insert(0, LiveBoard())
    progress_line = ProgressLine(trainer)
    if progress_line.shown and trainer.rank == 0:
        callbacks.insert(0, progress_line)
    return callbacks


class PeriodicCheckpoint(Callback):
    """Writes a checkpoint after every so many steps."""

    def __init__(self, every_n_train_steps: int, path: str) -> None:
        self.every_n_train_steps, self.path = every_n_train_steps, path

    def on_train_batch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        trainer.save_checkpoint(self.path)


class AnomalyDetection(Callback):
    """Raises FloatingPointError at the first value that is no finite number."""

    def on_train_batch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        trainer.metrics.flush()
        for label, numbers in trainer.metrics.values.items():
            if not math.isfinite(numbers[-1]):
                step, metrics = len(numbers), trainer.metrics
                raise FloatingPointError(
                    metrics.divergence(label, trainer.epoch, step, numbers[-1])
                )


class LiveBoard(Callback):
    """Draws the board while it is watched in a notebook, as often as it can be redrawn."""

    every_n_train_steps = None

    def on_train_batch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        if model.board.is_due():
            trainer.metrics.flush()


class Interruption(Callback):
    """Makes Ctrl-C, or a notebook's stop button, wait for the step to be complete.

    Between two steps `check` then raises KeyboardInterrupt. A second Ctrl-C does not wait.
    """

    every_n_train_steps = None
    asked = handles_signals = False

    def on_fit_start(self, trainer: 'Trainer', model: 'Module') -> None:
        # Python lets only the main thread handle signals; in another one nothing interrupts.
        self.handles_signals = threading.current_thread() is threading.main_thread()
        if self.handles_signals:
            self.previous = signal.getsignal(signal.SIGINT)
            # A handler that somebody else installed, or none at all, is left alone.
            self.handles_signals = self.previous is signal.default_int_handler
        if self.handles_signals:
            signal.signal(signal.SIGINT, self._ask)

    def on_fit_end(self, trainer: 'Trainer', model: 'Module') -> None:
        if self.handles_signals:
            signal.signal(signal.SIGINT, self.previous)

    def on_exception(self, trainer: 'Trainer', model: 'Module', exception: BaseException) -> None:
        self.on_fit_end(trainer, model)

    def on_train_batch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        self.check(trainer)

    def on_train_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        self.check(trainer)

    def check(self, trainer: 'Trainer') -> None:
        """Raises the KeyboardInterrupt that was asked for; it says where training has stopped.

        Several processes stop after the same step, wherever Ctrl-C was heard.
        """
        if trainer.processes.any(self.asked):
            self.asked = False
            trainer.metrics.flush()
            if trainer.checkpoint_every:
                trainer.save_checkpoint(trainer.checkpoint_path)
            done = trainer.batches_in_epoch
            place = f'in epoch {trainer.epoch + 1}, after step {done}'
            if done is None:
                place = f'after epoch {len(trainer.history)}'
            elif done == trainer.num_train_batches:
                place = f'in the validation of epoch {trainer.epoch + 1}'
            raise KeyboardInterrupt(f'training was stopped {place}')

    def _ask(self, signum, frame):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
