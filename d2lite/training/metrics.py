"""Metrics: the one home of what a model plots, on its way to the history and to the board."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from d2lite.console import warn

if TYPE_CHECKING:
    from d2lite.training.trainer import Trainer

__all__ = ['NO_METRICS', 'Metrics', 'StepOutputs']

NO_METRICS = {'epoch', 'seconds', 'compile_seconds', 'lr'}  # of an entry of the history


class Metrics:
    """The metrics of one `fit` of `trainer`.

    `history`: a dictionary for each complete epoch, with the mean over its batches of every label.
    Values may be tensors; they are read, and the device waited for, when they are flushed.
    """

    def __init__(self, trainer: 'Trainer') -> None:
        self.trainer = trainer
        self.history: list[dict] = []
        self.pending: dict[str, tuple[list, list]] = {}  # label: x, and values not read yet
        self.values: dict[str, list[float]] = {}  # label: the numbers of this epoch
        self.warned = False  # of a divergence

    def log(self, label: str, value: Any) -> None:
        """Adds a value of the step that the trainer is at."""
        trainer = self.trainer
        if label.startswith('train_'):
            x = trainer.train_batch_idx / trainer.num_train_batches
        else:
            x = trainer.epoch + 1
        xs, values = self.pending.setdefault(label, ([], []))
        xs.append(x)
        values.append(value)
        if not trainer.fitting:  # somebody calls a step outside of `fit`
            self.flush()

    def extend(self, label: str, xs: Iterable[float], values: Sequence) -> None:
        """Adds the values of several steps, at positions `xs` of the plot."""
        all_xs, all_values = self.pending.setdefault(label, ([], []))
        all_xs.extend(xs)
        all_values.extend(values)

    def flush(self) -> None:
        """Reads the values that are pending, and draws them on the board."""
        pending, self.pending = self.pending, {}
        board = self.trainer.model.board
        for label, (xs, values) in pending.items():
            numbers = self.trainer.numbers(values)
            self.values.setdefault(label, []).extend(numbers)
            if every_n := self.points_to_a_mean(label):
                board.draw_all(xs, numbers, label, every_n)

    def close_epoch(self, epoch: int) -> dict:
        """Adds the means of the epoch, counted from 0, to the history; warns of a divergence."""
        self.flush()
        values, self.values = self.values, {}
        means = {label: sum(numbers) / len(numbers) for label, numbers in values.items()}
        if not self.warned and not all(map(math.isfinite, means.values())):
            for label, numbers in sorted(values.items(), key=lambda each: each[0][:4] == 'val_'):
                step = next((i for i, y in enumerate(numbers) if not math.isfinite(y)), None)
                if step is not None:
                    self.warned = True
                    warn(self.divergence(label, epoch, step + 1, numbers[step]))
                    break
        self.history.append({'epoch': epoch + 1, **means})
        return self.history[-1]

    def points_to_a_mean(self, label: str) -> int:
        """The number of values whose mean is one point of the plot, 0 if none is drawn."""
        trainer, model = self.trainer, self.trainer.model
        train = label.startswith('train_')
        num_batches = trainer.num_train_batches if train else trainer.num_val_batches
        num_points = model.plot_train_per_epoch if train else model.plot_valid_per_epoch
        # Asked for more points than there are batches, every batch is a point.
        return max(1, int(num_batches / num_points)) if num_points > 0 else 0

    def divergence(self, label: str, epoch: int, step: int, value: float) -> str:
        """The sentence that tells of a value that is no finite number."""
        lr = getattr(self.trainer.model, 'lr', None)
        at = '' if lr is None else f', with lr={lr}'
        return (
            f'{label} became {value} in epoch {epoch + 1}, step {step}{at}: training has '
            f'diverged. A smaller learning rate or gradient_clip_val may help.'
        )


class StepOutputs:
    """Collects what a step plots while a compiler traces it: the outputs of the compiled step."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.values: list = []

    def log(self, label: str, value: Any) -> None:
        self.labels.append(label)
        self.values.append(value)
