"""TensorLoader: minibatches of tensors that are in memory as a whole."""

import functools
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np


class TensorLoader:
    """Minibatches of whole tensors: one permutation an epoch, and a gather for each batch.

    The last batch holds what is left and may be smaller. Each iteration is a new epoch with an
    order of its own, which depends on `seed` and the number of epochs before, and nothing else.
    `tensors`: tensors or NumPy arrays. `data`: the DataModule, or its class, that knows how to take
    rows of them.
    """

    def __init__(
        self, tensors: Sequence, batch_size: int, data: Any, shuffle: bool, seed: Sequence[int]
    ) -> None:
        self.tensors = [data.as_tensor(tensor) for tensor in tensors]
        check_same_length(self.tensors)
        if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer):
            raise TypeError(f'batch_size must be an integer, got {batch_size!r}')
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        self.batch_size, self.data = int(batch_size), data
        self.shuffle, self.seed, self.epoch = shuffle, seed, 0
        self.num_examples = len(self.tensors[0])
        self.settings = f'{batch_size} {shuffle}'  # what beside the data decides what comes out

    def __len__(self) -> int:
        return -(-self.num_examples // self.batch_size)

    def __iter__(self) -> Iterator[tuple]:
        order = self.order_on_device()
        for index in range(len(self)):
            yield self.batch(order, index)

    def batch(self, order: Any, index: int) -> tuple:
        """The minibatch number `index`; `order` as `order_on_device` gives it."""
        start = index * self.batch_size
        rows = slice(start, min(start + self.batch_size, self.num_examples))
        rows = rows if order is None else order[rows]
        return tuple([self.data.gather(tensor, rows) for tensor in self.tensors])

    def sizes(self, start: int, stop: int) -> list[int]:
        """How many examples the minibatches from `start` to `stop` have."""
        sizes = [self.batch_size] * (stop - start)
        if start < stop == len(self):
            sizes[-1] = self.num_examples - (stop - 1) * self.batch_size
        return sizes

    def next_order(self) -> np.ndarray | None:
        """The order of the examples in the epoch that now begins; None is that of the data."""
        self.epoch += 1
        if not self.shuffle:
            return None
        rng = np.random.default_rng((*self.seed, self.epoch - 1))
        return rng.permutation(self.num_examples)

    def order_on_device(self) -> Any:
        """`next_order` as an array of the framework, None if it is that of the data."""
        order = self.next_order()
        return None if order is None else self.data.order_on_device(order)

    def first_batch(self) -> tuple:
        """The first batch in the order of the data; does not count as an epoch."""
        return self.batch(None, 0)

    def num_bytes(self) -> int:
        """The memory that the tensors take."""
        rows = [self.data.numpy(self.data.gather(each, slice(0, 1))) for each in self.tensors]
        return self.num_examples * sum(row.nbytes for row in rows)

    @functools.cached_property
    def fingerprint(self) -> str:
        """A checksum of the data and of how they are cut into batches, computed once."""
        digest = hashlib.sha256(self.settings.encode())
        for tensor in self.tensors:
            array = self.data.numpy(tensor)
            digest.update(f'{array.dtype.str} {array.shape}'.encode())
            digest.update(array.tobytes())
        return digest.hexdigest()


def check_same_length(tensors: Sequence) -> None:
    """Raises ValueError, naming the shapes, unless all tensors have the same number of rows > 0."""
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if not shapes or any(len(shape) == 0 for shape in shapes):
        raise ValueError(f'expected tensors with at least one axis (the examples), got {shapes}')
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f'all tensors must have the same number of rows, got shapes {shapes}')
    if shapes[0][0] == 0:
        raise ValueError(f'no examples: the tensors have shapes {shapes}')
