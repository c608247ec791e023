"""DataModule: the data of a lesson, and how they are cut into minibatches.

Data and their order come from NumPy and a seed, and are handed to the framework as whole arrays:
the same seed gives the same minibatches, in the same order, on every backend.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from d2lite.data.conversion import as_array
from d2lite.data.loader import TensorLoader
from d2lite.data.rows import row_numbers
from d2lite.hyperparameters import HyperParameters
from d2lite.representation import with_arguments
from d2lite.seeds import next_seed


class DataModule(HyperParameters):
    """The data of a lesson: hands a Trainer its training and validation minibatches.

    A subclass overrides `get_dataloader(train)`; what that returns can be iterated once an epoch,
    has a `len()` in batches, and yields tuples whose last entry is the labels. Definition: d2l,
    section "Object-Oriented Design for Implementation".
    """

    # Set in each backend's subclass: its name, and the integers of classes and of tokens.
    backend: str
    label_dtype: str

    def __init__(self, root: str | os.PathLike = '../data', num_workers: int = 4) -> None:
        """`root`: folder for downloads. `num_workers`: accepted; data in memory need none."""
        self.save_hyperparameters()

    def __repr__(self) -> str:
        """One line: the class, and how it was made."""
        return with_arguments(self)

    def get_dataloader(self, train: bool) -> Any:
        raise NotImplementedError(
            f'{type(self).__name__} must define get_dataloader(self, train): the minibatches for '
            f'training (train=True) or validation, e.g. self.get_tensorloader((X, y), train)'
        )

    def train_dataloader(self) -> Any:
        return self.get_dataloader(train=True)

    def val_dataloader(self) -> Any:
        """The validation minibatches; a subclass without validation data returns None."""
        return self.get_dataloader(train=False)

    def get_tensorloader(
        self,
        tensors: Sequence,
        train: bool,
        indices: slice | Sequence[int] | np.ndarray = slice(0, None),
    ) -> TensorLoader:
        """Minibatches of `self.batch_size` rows of `tensors`, shuffled each epoch if `train`.

        `tensors`: tensors, NumPy arrays or lists of equal length. `indices`: the rows to use, a
        slice, integers or a mask. Raises IndexError for a row past the end.
        """
        batch_size = getattr(self, 'batch_size', None)
        if batch_size is None:
            raise AttributeError(
                f'{type(self).__name__} has no batch_size: take it as an argument of __init__, and '
                f'call self.save_hyperparameters() there'
            )
        tensors = [self.as_tensor(tensor) for tensor in tensors]
        tensors = [
            tensor if _are_all(indices, len(tensor)) else self.take(tensor, indices)
            for tensor in tensors
        ]
        return TensorLoader(tensors, batch_size, self, shuffle=train, seed=self._loader_seed())

    @classmethod
    def take(cls, tensor: Any, rows: slice | Sequence[int] | np.ndarray) -> Any:
        """The rows of a tensor that a slice, integers or a mask name, as NumPy has them.

        Raises IndexError for a row past the end.
        """
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(tensor))
            if start < stop and step == 1:
                return cls.gather(tensor, slice(start, stop))  # on PyTorch without a copy
        else:
            rows = cls.numpy(rows)
        return cls.gather(tensor, row_numbers(rows, len(tensor)))

    @classmethod
    def as_tensor(cls, tensor: Any) -> Any:
        """A tensor as it is; NumPy arrays, lists and other frameworks' tensors as a tensor.

        Raises TypeError for text and other objects.
        """
        return tensor if cls.is_tensor(tensor) else cls.tensor(as_array(tensor))

    @staticmethod
    def is_tensor(thing: Any) -> bool:
        """Returns True for a tensor of the framework."""
        raise NotImplementedError('each backend defines is_tensor')

    @staticmethod
    def gather(tensor: Any, rows: Any) -> Any:
        """The rows of a tensor, all of them there, that a slice or an array of integers names.

        `rows`: a slice of consecutive rows, or integers as `order_on_device` gives them.
        """
        raise NotImplementedError('each backend defines gather')

    @staticmethod
    def order_on_device(order: np.ndarray) -> Any:
        """An order of the examples, a NumPy array of integers, as `gather` has it fastest."""
        return order

    @staticmethod
    def tensor(array: np.ndarray) -> Any:
        """A NumPy array as a tensor of the framework."""
        raise NotImplementedError('each backend defines tensor')

    @staticmethod
    def numpy(tensor: Any) -> np.ndarray:
        """A tensor, a list or a number as a NumPy array."""
        raise NotImplementedError('each backend defines numpy')

    def _loader_seed(self):
        # A loader of its own order for each call, all following from one seed of this data set.
        # Made on first use, since a subclass need not call super().__init__().
        if not hasattr(self, '_seed'):
            self._seed, self._num_loaders = next_seed('data'), 0
        self._num_loaders += 1
        return [self._seed, self._num_loaders]


def _are_all(indices, length):
    """Whether these are all rows, in order: then nothing has to be taken, which may be a copy."""
    return isinstance(indices, slice) and indices.indices(length) == (0, length, 1)
