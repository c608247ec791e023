"""What every contender is: something that trains a workload, epoch by epoch."""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.workloads import Data, Workload
from d2lite.saving.layouts import from_neutral, to_neutral

__all__ = ['Loop', 'Losses', 'Ordered', 'slices']

Losses = tuple[float | None, float | None]  # of training and validation, None if not computed

IMAGE = 16, 5, 5  # channels, height and width of what LeNet flattens
EMBEDDING = 28, 64  # no framework keeps it another way


class Loop:
    """A training loop; a subclass says how it is built, and what an epoch is.

    `parameters`: the initial ones, in the layouts of workloads.py. `orders`: gives the order of the
    examples for an epoch, a permutation; by default a fresh one each time.
    """

    untimed_epochs = 0  # of each fit, before its epochs are all alike
    channels_first = False  # in images
    outputs_first = False  # in weights
    label_dtype = 'int32'  # of classes

    def __init__(
        self,
        workload: Workload,
        data: Data,
        parameters: list[np.ndarray],
        orders: Callable[[int], np.ndarray] | None = None,
    ):
        self.workload, self.lr, self.batch_size = workload, workload.lr, workload.batch_size
        self.validates = workload.num_val > 0
        self.orders = orders
        self.rng = np.random.default_rng()
        self.history = []  # the Losses of each epoch
        if workload.classifies:
            y, y_val = (labels.astype(self.label_dtype) for labels in (data.y, data.y_val))
            data = Data(data.X, y, data.X_val, y_val)
        if workload.has_tokens:
            X, X_val = (tokens.astype(self.label_dtype) for tokens in (data.X, data.X_val))
            data = Data(X, data.y, X_val, data.y_val)
        if workload.model == 'lenet' and self.channels_first:
            X, X_val = (images.reshape(-1, 1, 28, 28) for images in (data.X, data.X_val))
            data = Data(X, data.y, X_val, data.y_val)
        if self.outputs_first:
            parameters = [outputs_first(array) for array in parameters]
        self.build(data, parameters)

    def fit(self, num_epochs: int, stamp: Callable[[], None] = lambda: None) -> None:
        """Trains on; calls `stamp` before the first epoch and after each."""
        stamp()
        for _ in range(num_epochs):
            self.history.append(self.epoch())
            stamp()

    def order(self) -> np.ndarray:
        """The order of the examples in this epoch."""
        if self.orders is None:
            return self.rng.permutation(self.workload.num_train)
        return self.orders(len(self.history))

    def parameters(self) -> list[np.ndarray]:
        """The parameters as they are now, as the initial ones were given."""
        arrays = [np.array(array) for array in self.arrays()]
        return [outputs_last(array) for array in arrays] if self.outputs_first else arrays

    def build(self, data: Data, parameters: list[np.ndarray]) -> None:
        """Makes all that is made before the first epoch; layouts are those of the framework."""
        raise NotImplementedError

    def epoch(self) -> Losses:
        """One pass over the training data and one over the validation data."""
        raise NotImplementedError

    def arrays(self) -> list:
        """The parameters as they are now, in the layouts of the framework."""
        raise NotImplementedError


class Ordered:
    """A sampler of a framework's DataLoader: the examples in the order that `loop` gives."""

    def __init__(self, loop: Loop):
        self.loop = loop

    def __len__(self) -> int:
        return self.loop.workload.num_train

    def __iter__(self) -> Iterator[int]:
        return iter(self.loop.order().tolist())


def slices(num_examples: int, batch_size: int) -> list[slice]:
    """The rows of each batch; the last one may be smaller."""
    return [
        slice(start, min(start + batch_size, num_examples))
        for start in range(0, num_examples, batch_size)
    ]


def outputs_first(array: np.ndarray) -> np.ndarray:
    """A weight or bias with the outputs first."""
    if array.ndim == 1 or array.shape == EMBEDDING:
        return array.copy()
    return from_neutral(array, IMAGE if array.shape == (400, 120) else None)


def outputs_last(array: np.ndarray) -> np.ndarray:
    """The inverse of `outputs_first`."""
    if array.ndim == 1 or array.shape == EMBEDDING:
        return array
    return to_neutral(array, IMAGE if array.shape == (120, 400) else None)
