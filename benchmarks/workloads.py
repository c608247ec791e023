"""The work that is timed: data, initial parameters and sizes, as NumPy has them.

Every contender trains the same model from the same parameters on the same arrays, one update a
batch, the partial last batch included, in a fresh order each epoch. W1 validates after each epoch,
as the page that it stands for does; W2 to W6 only train, since training is what they are about.
W5 and W6 are W3 and W4 with as many examples as keep a GPU busy.
"""

from dataclasses import dataclass, replace

import numpy as np

__all__ = ['DEFAULTS', 'LARGE', 'SMALL', 'WORKLOADS', 'Data', 'Workload']


@dataclass
class Data:
    X: np.ndarray
    y: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray


@dataclass(frozen=True)
class Workload:
    """`epochs`: of a first or later fit. `num_inputs`: features, or pixels of a square image."""

    title: str
    model: str  # 'scratch', 'linear', 'mlp' or 'lenet'
    num_train: int
    num_val: int
    num_inputs: int
    batch_size: int
    lr: float
    epochs: int = 1

    @property
    def classifies(self) -> bool:
        return self.model in ('mlp', 'lenet')

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one example; images have their channels last."""
        side = round(self.num_inputs**0.5)
        return (side, side, 1) if self.model == 'lenet' else (self.num_inputs,)

    def data(self, seed: int = 0) -> Data:
        """Float32 features and labels: numbers (n, 1), or classes (n,) of int32."""
        rng = np.random.default_rng(seed)
        num_examples = self.num_train + self.num_val
        X = rng.standard_normal((num_examples, *self.input_shape), dtype=np.float32)
        if self.classifies:
            y = rng.integers(0, 10, num_examples, dtype=np.int32)
        else:
            noise = rng.standard_normal((num_examples, 1), dtype=np.float32)
            y = X @ rng.standard_normal((self.num_inputs, 1), dtype=np.float32) + 4.2 + noise
        n = self.num_train
        return Data(X[:n], y[:n], X[n:], y[n:])

    def parameters(self, seed: int = 1) -> list[np.ndarray]:
        """Initial weights and biases, in turn: outputs last, images with channels last."""
        shapes = {
            'scratch': [(self.num_inputs, 1)],
            'linear': [(self.num_inputs, 1)],
            'mlp': [(784, 256), (256, 10)],
            'lenet': [(5, 5, 1, 6), (5, 5, 6, 16), (400, 120), (120, 84), (84, 10)],
        }
        rng = np.random.default_rng(seed)
        arrays = []
        for shape in shapes[self.model]:
            scale = 1 / np.sqrt(np.prod(shape[:-1]))
            arrays.append(rng.normal(0, scale, shape).astype(np.float32))
            arrays.append(np.zeros(shape[-1], np.float32))
        return arrays


WORKLOADS = {
    'W1': Workload('linear regression, 1,000 × 2', 'scratch', 1000, 1000, 2, 32, 0.03, 3),
    'W2': Workload('linear regression, 100,000 × 100', 'linear', 100_000, 0, 100, 256, 0.01),
    'W3': Workload('MLP 784-256-10 on 20,000', 'mlp', 20_000, 0, 784, 256, 0.1),
    'W4': Workload('LeNet on 6,000 × 28 × 28', 'lenet', 6000, 0, 784, 128, 0.1),
    'W5': Workload('MLP 784-256-10 on 60,000', 'mlp', 60_000, 0, 784, 256, 0.1),
    'W6': Workload('LeNet on 60,000 × 28 × 28', 'lenet', 60_000, 0, 784, 128, 0.1),
}

# What is measured if nothing is chosen.
DEFAULTS = {'cpu': ['W1', 'W2', 'W3', 'W4'], 'gpu': list(WORKLOADS)}

# For the memory that training takes: W2 with more examples, and with few to start from.
LARGE = replace(WORKLOADS['W2'], title='linear regression, 1,000,000 × 100', num_train=1_000_000)
SMALL = replace(WORKLOADS['W2'], num_train=1000)
