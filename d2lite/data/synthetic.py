"""Synthetic data for linear regression, whose true parameters are known."""

from typing import Any

import numpy as np

from d2lite.data.loader import TensorLoader
from d2lite.data.module import DataModule
from d2lite.seeds import next_seed


class SyntheticRegressionData(DataModule):
    """y = Xw + b + noise, with standard normal X: data whose true parameters are known.

    `w`: d numbers. `b`: a number. `noise`: standard deviation of the noise. Holds `X` of shape
    (num_train + num_val, d) and `y` of shape (num_train + num_val, 1), float32. Definition: d2l,
    section "Synthetic Regression Data".
    """

    def __init__(
        self,
        w: Any,
        b: Any,
        noise: float = 0.01,
        num_train: int = 1000,
        num_val: int = 1000,
        batch_size: int = 32,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        if not hasattr(w, 'shape'):  # a plain list: lessons subtract tensors from data.w
            self.w = self.tensor(np.asarray(w, np.float32))
        X, y = regression_arrays(self.numpy(w), self.numpy(b), noise, num_train + num_val)
        self.X, self.y = self.tensor(X), self.tensor(y)

    def get_dataloader(self, train: bool) -> TensorLoader:
        rows = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, rows)

    def val_dataloader(self) -> TensorLoader | None:
        return self.get_dataloader(train=False) if self.num_val else None


def regression_arrays(
    w: Any, b: Any, noise: float, num_examples: int
) -> tuple[np.ndarray, np.ndarray]:
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
