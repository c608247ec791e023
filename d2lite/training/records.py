"""What a model reports while it trains: means for the history, and a word when it diverges."""

import math

from d2lite.console import warn

__all__ = ['Records']


class Records:
    """The values of one epoch by label, as they came from the device until the epoch closes."""

    def __init__(self, trainer):
        self.trainer = trainer
        self.values = {}
        self.diverged = False  # told once in a training

    def add(self, label, value):
        self.values.setdefault(label, []).append(value)

    def extend(self, label, values):
        self.values.setdefault(label, []).extend(values)

    def check(self, label, value):
        """Raises FloatingPointError if `value`, the newest of `label`, is no finite number."""
        if not math.isfinite(value):
            epoch, step = self.trainer.epoch, len(self.values[label])
            raise FloatingPointError(self._divergence(label, epoch, step, value))

    def close_epoch(self, epoch):
        """The mean of each label; warns if a value was NaN or infinite. The next epoch is empty.

        `epoch`: which it is, counted from 0; the trainer may be at another by now.
        """
        numbers = {label: [*map(float, values)] for label, values in self.values.items()}
        self.values = {}
        sums = {label: sum(values) for label, values in numbers.items()}
        if not math.isfinite(sum(sums.values())) and not self.diverged:
            bad = [
                (step, label, value)
                for label, values in numbers.items()
                for step, value in enumerate(values, start=1)
                if not math.isfinite(value)
            ]
            # The validation comes after the training.
            bad.sort(key=lambda each: (each[1].startswith('val_'), each[0]))
            for step, label, value in bad[:1]:
                self.diverged = True
                warn(self._divergence(label, epoch, step, value))
        return {label: sums[label] / len(values) for label, values in numbers.items()}

    def get_state(self):
        """The values as plain numbers, for a checkpoint, without those of a validation.

        An epoch that is taken up again validates from the beginning.
        """
        return {
            label: [float(value) for value in values]
            for label, values in self.values.items()
            if label.startswith('train_')
        }

    def _divergence(self, label, epoch, step, value):
        lr = getattr(self.trainer.model, 'lr', None)
        at = '' if lr is None else f', with lr={lr}'
        return (
            f'{label} became {float(value)} in epoch {epoch + 1}, step {step}{at}: training has '
            f'diverged. A smaller learning rate or gradient_clip_val may help.'
        )
