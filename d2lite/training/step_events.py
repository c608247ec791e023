"""What a Trainer does between steps, and which callbacks it then calls."""

from typing import Any

from d2lite.console import warn
from d2lite.saving.random_state import set_random_state
from d2lite.training.callbacks import Callback
from d2lite.training.compiled import compiled_epoch
from d2lite.training.loop_callbacks import loop_callbacks

__all__ = ['StepEvents']


class StepEvents:
    """The part of a Trainer that hears of complete steps, and knows the callbacks."""

    def prepare_callbacks(self) -> None:
        """Lists the callbacks of a training: schedules, the user's, and the loop's own."""
        self.running_callbacks = [*self.schedulers, *self.callbacks, *loop_callbacks(self)]
        self.batch_callbacks = [
            callback
            for callback in self.running_callbacks
            if type(callback).on_train_batch_end is not Callback.on_train_batch_end
        ]

    def notify(self, method: str, *arguments: Any) -> None:
        """Calls a method of each callback."""
        for callback in self.running_callbacks:
            getattr(callback, method)(self, self.model, *arguments)

    def on_steps_end(self, count: int) -> None:
        """Called when `count` more steps are complete."""
        if not self.fitting:
            return  # somebody iterates over the loader outside of `fit`
        self.steps_done += count
        self.batches_in_epoch += count
        if self.fallback_reason:
            warn(
                f'{type(self.model).__name__} trains step by step, slower than compiled: '
                f'{self.fallback_reason}. Trainer(compile=False) does so without this warning.'
            )
            self.fallback_reason = ''
        for callback in self.batch_callbacks:
            every_n = callback.every_n_train_steps
            if every_n is None or self.train_batch_idx % every_n == 0:
                callback.on_train_batch_end(self, self.model)

    def steps_until_callback(self, limit: int) -> int:
        """The number of steps, at most `limit`, until a callback is due."""
        periods = [callback.every_n_train_steps for callback in self.batch_callbacks]
        return min([limit, *(n - self.train_batch_idx % n for n in periods if n is not None)])

    def may_change_between_steps(self) -> bool:
        """Returns True if a callback is called after steps, and may change what they read."""
        return any(
            callback.every_n_train_steps or callback in self.callbacks
            for callback in self.batch_callbacks
        )

    def compiles(self) -> bool:
        """Returns True if the steps of this epoch are compiled; `fit_epoch` asks at its start."""
        if self.compile not in self.compile_modes or not self.fitting:
            return False
        with self.times.compiling():
            self.compiled = compiled_epoch(self)
        return bool(self.compiled)

    def _before_steps(self):
        if self.random_to_resume is not None:
            set_random_state(self, self.random_to_resume)
            self.random_to_resume = None

    def _after_validation(self, count):
        if self.fitting:
            self.interruption.check(self)

    def _draws_in_steps_only(self):
        """Returns True if no random numbers are drawn in an epoch before its first step.

        d2lite's own loader draws none, nor does its own `fit_epoch`.
        """
        modules = self.fit_epoch.__module__, type(self.train_dataloader.dataloader).__module__
        return all(module.startswith('d2lite') for module in modules)
