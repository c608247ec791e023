"""DataModule, the minibatch loader, and synthetic data.

Data and their order come from NumPy and a seed, and are handed to the framework as whole arrays:
the same seed gives the same minibatches, in the same order, on every backend.
"""

import functools
import hashlib

import numpy as np

from d2lite.hyperparameters import HyperParameters
from d2lite.seeds import next_seed

__all__ = [
    'DataModule',
    'SyntheticRegressionData',
    'TensorLoader',
    'check_same_length',
    'is_whole',
    'regression_arrays',
]

MOST_ORDERS, MOST_ORDERED = 16, 20_000  # orders at once, and examples in them


class DataModule(HyperParameters):
    """The data of a lesson: hands a Trainer its training and validation minibatches.

    A subclass overrides `get_dataloader(train)`; what that returns can be iterated once an epoch,
    has a `len()` in batches, and yields tuples whose last entry is the labels. Definition: d2l,
    section "Object-Oriented Design for Implementation".
    """

    backend = None  # the name of the backend, set in each backend's subclass

    def __init__(self, root='../data', num_workers=4):
        """`root`: folder for downloads. `num_workers`: accepted; data in memory need none."""
        self.save_hyperparameters()

    def get_dataloader(self, train):
        raise NotImplementedError(
            f'{type(self).__name__} must define get_dataloader(self, train): the minibatches for '
            f'training (train=True) or validation, e.g. self.get_tensorloader((X, y), train)'
        )

    def train_dataloader(self):
        return self.get_dataloader(train=True)

    def val_dataloader(self):
        """The validation minibatches; a subclass without validation data returns None."""
        return self.get_dataloader(train=False)

    def get_tensorloader(self, tensors, train, indices=slice(0, None)):
        """Minibatches of `self.batch_size` rows of `tensors`, shuffled each epoch if `train`.

        `tensors`: tensors of equal length. `indices`: the rows to use, a slice or integers.
        """
        batch_size = getattr(self, 'batch_size', None)
        if batch_size is None:
            raise AttributeError(
                f'{type(self).__name__} has no batch_size: take it as an argument of __init__, and '
                f'call self.save_hyperparameters() there'
            )
        if not isinstance(indices, slice):
            indices = np.asarray(indices)
        tensors = tuple(
            tensor if _are_all(indices, len(tensor)) else self.take(tensor, indices)
            for tensor in tensors
        )
        return TensorLoader(tensors, batch_size, self, shuffle=train, seed=self._loader_seed())

    @staticmethod
    def take(tensor, rows):
        """The rows of a tensor that a slice or an array of integers names."""
        raise NotImplementedError('each backend defines take')

    @classmethod
    def batches(cls, tensor, batch_size):
        """All rows of a tensor, `batch_size` at a time; the last batch has what is left."""
        for start in range(0, len(tensor), batch_size):
            yield cls.take(tensor, slice(start, min(start + batch_size, len(tensor))))

    @staticmethod
    def tensor(array):
        """A NumPy array as a tensor of the framework."""
        raise NotImplementedError('each backend defines tensor')

    @staticmethod
    def numpy(tensor):
        """A tensor, a list or a number as a NumPy array."""
        raise NotImplementedError('each backend defines numpy')

    def _loader_seed(self):
        # A loader of its own order for each call, all following from one seed of this data set.
        # Made on first use, since a subclass need not call super().__init__().
        if not hasattr(self, '_seed'):
            self._seed, self._num_loaders = next_seed('data'), 0
        self._num_loaders += 1
        return [self._seed, self._num_loaders]


class TensorLoader:
    """Minibatches of whole tensors: one permutation and one gather an epoch, batches are slices.

    The last batch holds what is left and may be smaller. Each iteration is a new epoch with an
    order of its own, which depends on `seed` and the number of epochs before, and nothing else.
    `data`: the DataModule, or its class, that knows how to take rows of the tensors.
    """

    def __init__(self, tensors, batch_size, data, shuffle, seed):
        check_same_length(tensors)
        if isinstance(batch_size, bool) or not isinstance(batch_size, int | np.integer):
            raise TypeError(f'batch_size must be an integer, got {batch_size!r}')
        if batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {batch_size}')
        self.tensors, self.batch_size = tensors, int(batch_size)
        self.take, self.batches = data.take, data.batches
        self.take_into = getattr(data, 'take_into', None)  # a backend may know how
        self.shuffle, self.seed, self.epoch = shuffle, seed, 0
        self.num_examples = len(tensors[0])
        self._orders = {}  # of epochs to come
        self._kept = [None] * len(tensors)  # memory of the epoch before

    def __len__(self):
        return -(-self.num_examples // self.batch_size)

    def __iter__(self):
        order = self.next_order()
        tensors = self.tensors
        if order is not None:
            tensors = self.in_order(order)
        return zip(*(self.batches(tensor, self.batch_size) for tensor in tensors), strict=True)

    def next_order(self):
        """The order of the examples in the epoch that now begins; None is that of the data."""
        order = None
        if self.shuffle:
            key = *self.seed, self.epoch
            if key not in self._orders:
                self._orders = self._next_orders()
            order = self._orders.pop(key)
        self.epoch += 1
        return order

    def _next_orders(self):
        """The orders of this epoch and of some more, by seed and epoch, of few examples.

        A generator takes eight times as long to make after a pass over the data than after another.
        """
        count = min(MOST_ORDERS, max(1, MOST_ORDERED // self.num_examples))
        seeds = [(*self.seed, self.epoch + i) for i in range(count)]
        return {seed: np.random.default_rng(seed).permutation(self.num_examples) for seed in seeds}

    @functools.cached_property
    def fingerprint(self):
        """A checksum of the data and of how they are cut into batches, computed once."""
        digest = hashlib.sha256(f'{self.batch_size} {self.shuffle}'.encode())
        for tensor in self.tensors:
            array = np.asarray(tensor)
            digest.update(f'{array.dtype.str} {array.shape}'.encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def first_batch(self):
        """The first batch in the order of the data; does not count as an epoch."""
        rows = slice(0, min(self.batch_size, self.num_examples))
        return tuple(self.take(tensor, rows) for tensor in self.tensors)

    def in_order(self, order):
        """The tensors with their examples in this order; with the next call they may be gone."""
        if self.take_into is None:
            return [self.take(tensor, order) for tensor in self.tensors]
        pairs = zip(self.tensors, self._kept, strict=True)
        self._kept = [self.take_into(kept, tensor, order) for tensor, kept in pairs]
        return self._kept


def is_whole(loader):
    """Whether a loader hands out plain rows of whole tensors, which a program can do by itself."""
    return type(loader) is TensorLoader


class SyntheticRegressionData(DataModule):
    """y = Xw + b + noise, with standard normal X: data whose true parameters are known.

    `w`: d numbers. `b`: a number. `noise`: standard deviation of the noise. Holds `X` of shape
    (num_train + num_val, d) and `y` of shape (num_train + num_val, 1), float32. Definition: d2l,
    section "Synthetic Regression Data".
    """

    def __init__(self, w, b, noise=0.01, num_train=1000, num_val=1000, batch_size=32):
        super().__init__()
        self.save_hyperparameters()
        if not hasattr(w, 'shape'):  # a plain list: lessons subtract tensors from data.w
            self.w = self.tensor(np.asarray(w, np.float32))
        X, y = regression_arrays(self.numpy(w), self.numpy(b), noise, num_train + num_val)
        self.X, self.y = self.tensor(X), self.tensor(y)

    def get_dataloader(self, train):
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)

    def val_dataloader(self):
        return self.get_dataloader(train=False) if self.num_val else None


def regression_arrays(w, b, noise, num_examples):
    """NumPy arrays X (n, d) and y = Xw + b + noise (n, 1), float32, from the library's seed."""
    w = np.asarray(w, np.float64).reshape(-1)
    b = np.asarray(b, np.float64)
    if b.size != 1:
        raise ValueError(f'b must be one number, got shape {b.shape}')
    if num_examples < 1:
        raise ValueError(f'a data set needs at least one example, got {num_examples}')
    rng = np.random.default_rng(next_seed('data'))
    # Computed in float64 and rounded once, so that every backend gets the same float32 numbers.
    X = rng.standard_normal((num_examples, len(w)))
    y = X @ w[:, None] + b.reshape(()) + noise * rng.standard_normal((num_examples, 1))
    return X.astype(np.float32), y.astype(np.float32)


def _are_all(indices, length):
    """Whether these are all rows, in order: then nothing has to be taken, which may be a copy."""
    return isinstance(indices, slice) and indices.indices(length) == (0, length, 1)


def check_same_length(tensors):
    """Raises ValueError, naming the shapes, unless all tensors have the same number of rows > 0."""
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if not shapes or any(len(shape) == 0 for shape in shapes):
        raise ValueError(f'expected tensors with at least one axis (the examples), got {shapes}')
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f'all tensors must have the same number of rows, got shapes {shapes}')
    if shapes[0][0] == 0:
        raise ValueError(f'no examples: the tensors have shapes {shapes}')
