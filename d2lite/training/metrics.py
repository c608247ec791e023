"""Metrics: the one home of what a model plots, on its way to the history and to the board."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from d2lite.console import warn
from d2lite.training.bad_data import bad_data

if TYPE_CHECKING:
    from d2lite.training.trainer import Trainer

__all__ = ['NO_METRICS', 'Metrics', 'StepOutputs']

NO_METRICS = {'epoch', 'seconds', 'compile_seconds', 'lr'}  # of an entry of the history


class Metrics:
    """The metrics of one `fit` of `trainer`.

    `history`: a dictionary for each complete epoch, with the mean of every label.
    Values may be tensors; they are read, and the device waited for, when they are flushed.
    """

    def __init__(self, trainer: 'Trainer') -> None:
        self.trainer = trainer
        self.history: list[dict] = []
        # label: x, values not read yet, and how much each counts among those of all processes
        self.pending: dict[str, tuple[list, list, list]] = {}
        self.values: dict[str, list[float]] = {}  # label: the numbers of this epoch
        self.sizes: dict[str, list[int]] = {}  # label: how many examples each of them is of
        self.warned = False  # of a divergence

    def log(self, label: str, value: Any) -> None:
        """Adds a value of the step that the trainer is at."""
        trainer = self.trainer
        train = label.startswith('train_')
        loader = trainer.train_dataloader if train else trainer.val_dataloader
        xs = self.positions(train, trainer.train_batch_idx, 1)
        sizes, weights = getattr(loader, 'num_examples', 1), getattr(loader, 'weight', 1.0)
        self.extend(label, xs, [value], [sizes], [weights])
        if not trainer.fitting:  # somebody calls a step outside of `fit`
            self.flush()

    def extend(
        self,
        label: str,
        xs: Iterable[float],
        values: Sequence,
        sizes: Sequence[int],
        weights: Sequence[float] | None = None,
    ) -> None:
        """Adds values of several steps, at positions `xs` of the plot, of `sizes` examples each.

        `weights`: where each process has its share of them, how much that of this one counts.
        """
        all_xs, all_values, all_weights = self.pending.setdefault(label, ([], [], []))
        all_xs.extend(xs)
        all_values.extend(values)
        all_weights.extend([1.0] * len(values) if weights is None else weights)
        self.sizes.setdefault(label, []).extend(sizes)

    def positions(self, train: bool, first: int, count: int) -> list[float]:
        """Where the values of `count` steps from number `first` on are in the plot."""
        per_epoch = self.trainer.num_train_batches
        if not train:
            return [self.trainer.epoch + 1 if per_epoch else self.trainer.train_batch_idx] * count
        return [step / per_epoch if per_epoch else step for step in range(first, first + count)]

    def flush(self) -> None:
        """Reads the values that are pending, and draws them on the board."""
        pending, self.pending = self.pending, {}
        board = self.trainer.model.board
        for label, (xs, values, weights) in pending.items():
            numbers = self.trainer.over_all(label, self.trainer.numbers(values), weights)
            self.values.setdefault(label, []).extend(numbers)
            if self.is_drawn_later(label):
                self.end_of_plot = xs[-1]
            elif every_n := self.points_to_a_mean(label):
                board.draw_all(xs, numbers, label, every_n)

    def close_epoch(self, epoch: int) -> dict:
        """Adds the means of the epoch, counted from 0, to the history; warns of a divergence."""
        self.flush()
        values, self.values = self.values, {}
        means = {label: self.mean(label, numbers) for label, numbers in values.items()}
        self.sizes = {}
        for label in filter(self.is_drawn_later, means):
            self.trainer.model.board.draw(self.end_of_plot, means[label], label)
        if not self.warned and not all(map(math.isfinite, means.values())):
            for label, numbers in sorted(values.items(), key=lambda each: each[0][:4] == 'val_'):
                step = next((i for i, y in enumerate(numbers) if not math.isfinite(y)), None)
                if step is not None:
                    self.warned = True
                    warn(self.divergence(label, epoch, step + 1, numbers[step]))
                    break
        self.history.append({'epoch': epoch + 1, **means})
        return self.history[-1]

    def mean(self, label: str, numbers: list[float]) -> float:
        """The mean of an epoch: of its batches, or of its examples."""
        sizes = self.sizes.get(label, [])
        if self.trainer.epoch_mean == 'batches' or len(sizes) != len(numbers):
            return sum(numbers) / len(numbers)
        return sum(y * size for y, size in zip(numbers, sizes, strict=True)) / sum(sizes)

    def is_drawn_later(self, label: str) -> bool:
        """Returns True for the values of a validation that has nobody knows how many batches."""
        trainer = self.trainer
        unknown = not label.startswith('train_') and trainer.num_val_batches is None
        return unknown and trainer.fitting and trainer.model.plot_valid_per_epoch > 0

    def points_to_a_mean(self, label: str) -> int:
        """The number of values whose mean is one point of the plot, 0 if none is drawn."""
        trainer, model = self.trainer, self.trainer.model
        train = label.startswith('train_')
        num_batches = trainer.num_train_batches if train else trainer.num_val_batches
        num_points = model.plot_train_per_epoch if train else model.plot_valid_per_epoch
        if num_points <= 0:
            return 0
        if num_batches is None:  # of a stream: some hundred points, if it is known where it ends
            return max(1, (trainer.max_steps or 0) // 100)
        # Asked for more points than there are batches, every batch is a point.
        return max(1, int(num_batches / num_points))

    def divergence(self, label: str, epoch: int, step: int, value: float) -> str:
        """The sentence that tells of a value that is no finite number."""
        if cause := bad_data(self.trainer, label.startswith('train_')):
            return f'{label} became {value} in epoch {epoch + 1}, step {step}: {cause}.'
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
