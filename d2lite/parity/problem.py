"""The training problem that every backend is given, and the models that can be trained on it."""

import dataclasses

import numpy as np

from d2lite.parity import reference

# The built-in models, and the names of w (d, 1) and b (1,) among their parameters.
MODELS = {
    'LinearRegressionScratch': ('w', 'b'),
    'LinearRegression': ('net.weight', 'net.bias'),
}


class PrecisionError(TypeError):
    """A backend computes in another precision than it was asked for."""


@dataclasses.dataclass
class Problem:
    """A linear regression to be trained in the same way everywhere.

    `X` (n, d), `y` (n, 1), initial parameters `w` (d, 1) and `b` (1,): taken in `dtype`, 'float32'
    or 'float64'. `num_steps`: by default three epochs. `gradient_clip_val`: 0 clips nothing.

    MXNet's own SGD rounds the learning rate to float32, whatever the dtype; the default is a power
    of 2, which no rounding changes. Raises ValueError for what does not fit.
    """

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray
    b: np.ndarray
    batch_size: int = 32
    num_steps: int | None = None
    lr: float = 1 / 32
    gradient_clip_val: float = 0
    dtype: str = 'float32'
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dtype not in ('float32', 'float64'):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {self.dtype!r}")
        arrays = {name: np.asarray(getattr(self, name), self.dtype) for name in 'Xywb'}
        n, d = arrays['X'].shape if arrays['X'].ndim == 2 else ('n', 'd')
        for name, shape in {'X': (n, d), 'y': (n, 1), 'w': (d, 1), 'b': (1,)}.items():
            if arrays[name].shape != shape:
                wanted = str(shape).replace("'", '')
                raise ValueError(f'{name} must have shape {wanted}, got {arrays[name].shape}')
            setattr(self, name, arrays[name])
        if self.batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {self.batch_size}')
        steps_per_epoch = -(-n // self.batch_size)
        self.num_steps = 3 * steps_per_epoch if self.num_steps is None else self.num_steps
        if self.num_steps < 1:
            raise ValueError(f'the number of steps must be at least 1, got {self.num_steps}')
        self.num_epochs = -(-self.num_steps // steps_per_epoch)

    @classmethod
    def standard(
        cls, num_steps: int | None = None, dtype: str = 'float32', seed: int = 0
    ) -> 'Problem':
        """The problem of the lesson: 1,000 examples, y = 2 x1 - 3.4 x2 + 4.2 and noise."""
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((1000, 2))
        y = X @ [[2.0], [-3.4]] + 4.2 + 0.01 * rng.standard_normal((1000, 1))
        w = 0.01 * rng.standard_normal((2, 1))
        return cls(X, y, w, np.zeros(1), num_steps=num_steps, dtype=dtype, seed=seed)

    def batches(self) -> list[np.ndarray]:
        """The rows of each step's minibatch."""
        seed = [self.seed, 1]  # a DataModule's first loader appends a 1 to its seed
        rows = reference.minibatches(len(self.X), self.batch_size, self.num_epochs, seed)
        return rows[: self.num_steps]
