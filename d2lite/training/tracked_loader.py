"""A dataloader that tells its trainer when a step is complete.

`fit_epoch` iterates over a dataloader, and a lesson may write its own `fit_epoch`. When the next
batch is asked for, the step before is complete: it can be interrupted there, and saved.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

from d2lite.training.batches import num_examples

__all__ = ['TrackedLoader']


class TrackedLoader:
    """Yields the batches of `dataloader`; calls `before()` at first and `after(1)` after each.

    `renew()`: another dataloader, for the next pass over one that is an iterator, as a generator
    is. `convert(batch)`: the batch as tensors of the framework. `limit()`: how many batches there
    may still be. `share(batch)`: what this process computes with, and its weight in the whole.
    """

    def __init__(
        self,
        dataloader: Any,
        before: Callable,
        after: Callable,
        name: str,
        renew: Callable | None = None,
        convert: Callable | None = None,
        limit: Callable[[], float] = lambda: math.inf,
        share: Callable[[Any], tuple[Any, float]] = lambda batch: (batch, 1.0),
    ) -> None:
        self.dataloader, self.before, self.after, self.name = dataloader, before, after, name
        self.renew, self.convert, self.limit, self.share = renew, convert, limit, share
        self.look = None  # a function that is shown each batch of a loader that is no TensorLoader
        self.skip = 0  # batches of the next pass that were trained on before
        self.batch, self.num_examples = None, 1  # the batch at hand, and how many are in it
        self.weight = 1.0  # of the share of this process
        self.first = self.iterator = None  # the batch that shapes were learnt from; where it was
        self.passes = 0

    def __len__(self) -> int:
        return len(self.dataloader)

    def __iter__(self) -> Iterator:
        batches = self._begin_batches()
        count = self.begin()
        for _ in range(count):
            next(batches)
        while self.limit() > 0:
            batch = next(batches, None)
            if batch is None:
                break
            batch = self._converted(batch)
            if self.look:
                self.look(batch)
            self.batch, self.num_examples = batch, num_examples(batch)
            batch, self.weight = self.share(batch)
            yield batch
            count += 1
            self.after(1)
        if count == 0 and self.limit() > 0:
            raise ValueError(
                f'{self.name}() gave no batches. Was it iterated before? Return an object that '
                f'begins anew in each epoch, as a list and a loader of get_tensorloader do'
            )

    def begin(self) -> int:
        """Begins a pass; returns the number of its first step."""
        skip, self.skip = self.skip, 0
        self.before()
        return skip

    def first_batch(self) -> Any:
        """A batch to learn shapes from, always the same; it is not lost to the first pass."""
        if self.first is None:
            first_batch = getattr(self.dataloader, 'first_batch', None)
            if first_batch:
                return self._converted(first_batch())
            self.iterator = iter(self.dataloader)
            self.first = next(self.iterator, None)
            if self.first is None:
                raise ValueError(f'{self.name}() has no batches: there is nothing to train on')
        return self._converted(self.first)

    def _begin_batches(self):
        batches = iter(self.dataloader)
        if batches is self.dataloader and self.passes and self.renew:
            self.dataloader = self.renew()
            batches = iter(self.dataloader)
        self.passes += 1
        # What comes once only has given its first batch already.
        again = [self.first] if self.iterator is not None and batches is self.iterator else []
        self.iterator = None
        return itertools.chain(again, batches)

    def _converted(self, batch):
        return batch if self.convert is None else self.convert(batch)
