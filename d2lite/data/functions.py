"""The data of the functional lessons, which have functions instead of a DataModule."""

from collections.abc import Iterator, Sequence
from typing import Any

from d2lite.data.loader import TensorLoader
from d2lite.data.module import DataModule
from d2lite.data.synthetic import regression_arrays
from d2lite.seeds import next_seed


class DataFunctions:
    """Functions that make tensors as a backend's class `data_module` does."""

    def __init__(self, data_module: type[DataModule]) -> None:
        self.data_module = data_module

    def synthetic_data(self, w: Any, b: Any, num_examples: int) -> tuple[Any, Any]:
        """Features X (n, d), standard normal, and labels Xw + b + noise (n, 1)."""
        numpy, tensor = self.data_module.numpy, self.data_module.tensor
        X, y = regression_arrays(numpy(w), numpy(b), 0.01, num_examples)
        return tensor(X), tensor(y)

    def data_iter(self, batch_size: int, features: Any, labels: Any) -> Iterator[tuple[Any, Any]]:
        """Yields minibatches (X, y) of the examples, in random order, once through."""
        yield from self.load_array((features, labels), batch_size)

    def load_array(
        self, data_arrays: Sequence[Any], batch_size: int, is_train: bool = True
    ) -> TensorLoader:
        """Minibatches of tensors of equal length; in a new order each time if training."""
        seed = [next_seed('data')]
        return TensorLoader(data_arrays, batch_size, self.data_module, shuffle=is_train, seed=seed)
