"""A dataloader that tells its trainer when a step is complete.

`fit_epoch` iterates over a dataloader, and a lesson may write its own `fit_epoch`. When the next
batch is asked for, the step before is complete: it can be interrupted there, and saved.
"""

from collections.abc import Callable, Iterator
from typing import Any

__all__ = ['TrackedLoader']


class TrackedLoader:
    """Yields the batches of `dataloader`; calls `before()` at first and `after(1)` after each."""

    def __init__(self, dataloader: Any, before: Callable, after: Callable, name: str) -> None:
        self.dataloader, self.before, self.after, self.name = dataloader, before, after, name
        self.look = None  # a function that is shown each batch of a loader that is no TensorLoader
        self.skip = 0  # batches of the next pass that were trained on before

    def __len__(self) -> int:
        return len(self.dataloader)

    def __iter__(self) -> Iterator:
        batches = iter(self.dataloader)
        count = self.begin()
        for _ in range(count):
            next(batches)
        for batch in batches:
            if self.look:
                self.look(batch)
            yield batch
            count += 1
            self.after(1)
        if count == 0:
            raise ValueError(
                f'{self.name}() gave no batches, though its length is {len(self.dataloader)}. Was '
                f'it iterated before? Return an object that begins anew in each epoch, a list or a '
                f'loader of get_tensorloader, and no generator or iterator'
            )

    def begin(self) -> int:
        """Begins a pass; returns the number of its first step."""
        skip, self.skip = self.skip, 0
        self.before()
        return skip

    def first_batch(self) -> Any:
        """A batch to learn shapes from."""
        first_batch = getattr(self.dataloader, 'first_batch', None)
        return first_batch() if first_batch else next(iter(self.dataloader))
