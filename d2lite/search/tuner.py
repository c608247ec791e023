"""HPOTuner, which runs the trials, and what a trial trains."""

import math
import time
from collections.abc import Callable
from typing import Any

from d2lite.hyperparameters import HyperParameters
from d2lite.plotting.board import ProgressBoard
from d2lite.saving.initialization import xavier_uniform
from d2lite.search.schedulers import HPOScheduler
from d2lite.search.searchers import Config

__all__ = ['HPOTrainer', 'HPOTuner', 'trained_error']


class HPOTuner(HyperParameters):
    """Runs trials, one after the other, and remembers the best.

    `objective`: a function that is given a configuration as keyword arguments, and returns its
    error, less being better. After `run`: `incumbent` is the best configuration, `incumbent_error`
    its error, `incumbent_trajectory` the least error after each trial, `cumulative_runtime` the
    seconds until then, and `records` has a dictionary for each trial. An error that is no finite
    number is never the best. Definition: d2l, section "Hyperparameter Optimization API".
    """

    def __init__(self, scheduler: HPOScheduler, objective: Callable[..., Any]) -> None:
        self.save_hyperparameters()
        self.incumbent: Config | None = None
        self.incumbent_error = math.inf
        self.incumbent_trajectory: list[float] = []
        self.cumulative_runtime: list[float] = []
        self.current_runtime = 0.0
        self.records: list[dict] = []
        self.board = ProgressBoard(xlabel='seconds', ylabel='error')

    def run(self, number_of_trials: int) -> None:
        """Runs this many trials more, and prints a line for each."""
        for _ in range(number_of_trials):
            start = time.perf_counter()
            config = self.scheduler.suggest()
            error = float(self.objective(**config))
            self.scheduler.update(config, error)
            runtime = time.perf_counter() - start
            self.bookkeeping(config, error, runtime)
            print(
                f'trial {len(self.records)}: error {error:.4g} in {runtime:.1f} s, {_shown(config)}'
            )
        self.board.finish()

    def bookkeeping(self, config: Config, error: float, runtime: float) -> None:
        """Records a trial, and draws the least error so far."""
        self.records.append({'config': config, 'error': error, 'runtime': runtime})
        if math.isfinite(error) and (self.incumbent is None or error < self.incumbent_error):
            self.incumbent, self.incumbent_error = config, error
        self.current_runtime += runtime
        self.incumbent_trajectory.append(self.incumbent_error)
        self.cumulative_runtime.append(self.current_runtime)
        if self.incumbent is not None:
            self.board.draw(self.current_runtime, self.incumbent_error, 'least error')


def _shown(config: Config) -> str:
    """A configuration in words; numbers with four digits."""
    short = {k: f'{v:.4g}' if isinstance(v, float) else str(v) for k, v in config.items()}
    return ', '.join(f'{name}={value}' for name, value in short.items())


class HPOTrainer:
    """A Trainer whose validation error can be asked for after `fit`."""

    history: list[dict]

    def validation_error(self) -> float:
        """1 minus the accuracy on the validation data after the last epoch.

        The mean over the minibatches. Raises RuntimeError if none was measured.
        """
        accuracy = self.history[-1].get('val_acc') if self.history else None
        if accuracy is None:
            raise RuntimeError(
                'there is no validation accuracy: call trainer.fit(model, data) first, with a '
                'Classifier and data that have a val_dataloader'
            )
        return 1 - accuracy


def trained_error(trainer: Any, model: Any, data: Any) -> float:
    """The validation error after training from new parameters, the same on every backend."""
    model.board.display = False  # the tuner has a plot of its own
    trainer.fit(model, data, init_params=xavier_uniform())
    return trainer.validation_error()
