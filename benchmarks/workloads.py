"""The work that is timed: data, initial parameters and sizes, as NumPy has them.

Every contender trains the same model from the same parameters on the same arrays, one update a
batch, the partial last batch included, in a fresh order each epoch. W1 validates after each epoch,
as the page that it stands for does; the others only train, since training is what they are about.
W7 and W8 are W3 and W4 with as many examples as keep a GPU busy.
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
    """`epochs`: of a first or later fit. `num_inputs`: features, pixels of a square, or tokens."""

    title: str
    model: str  # 'scratch', 'linear', 'mlp', 'lenet', 'gru' or 'transformer'
    num_train: int
    num_val: int
    num_inputs: int
    batch_size: int
    lr: float
    epochs: int = 1

    @property
    def classifies(self) -> bool:
        return self.model not in ('scratch', 'linear')

    @property
    def has_tokens(self) -> bool:
        """Whether the inputs are indices of a vocabulary, and not numbers."""
        return self.model in ('gru', 'transformer')

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Of one example; images have their channels last."""
        side = round(self.num_inputs**0.5)
        return (side, side, 1) if self.model == 'lenet' else (self.num_inputs,)

    def data(self, seed: int = 0) -> Data:
        """Float32 features and labels: numbers (n, 1), or classes (n,) of int32.

        Tokens are int32; of a language model the labels are the tokens that follow.
        """
        rng = np.random.default_rng(seed)
        num_examples = self.num_train + self.num_val
        if self.has_tokens:
            n, shape = self.num_train, (num_examples, self.num_inputs + 1)
            tokens = rng.integers(0, VOCAB_SIZE, shape, dtype=np.int32)
            X, y = tokens[:, :-1], tokens[:, 1:] if self.model == 'gru' else tokens[:, 0] % 10
            X, y = np.ascontiguousarray(X), np.ascontiguousarray(y)
            return Data(X[:n], y[:n], X[n:], y[n:])
        X = rng.standard_normal((num_examples, *self.input_shape), dtype=np.float32)
        if self.classifies:
            y = rng.integers(0, 10, num_examples, dtype=np.int32)
        else:
            noise = rng.standard_normal((num_examples, 1), dtype=np.float32)
            y = X @ rng.standard_normal((self.num_inputs, 1), dtype=np.float32) + 4.2 + noise
        n = self.num_train
        return Data(X[:n], y[:n], X[n:], y[n:])

    def parameters(self, seed: int = 1) -> list[np.ndarray]:
        """Initial weights and biases, in turn: outputs last, images with channels last.

        Those of networks on tokens are in the order of SHAPES.
        """
        if self.has_tokens:
            rng, shapes = np.random.default_rng(seed), SHAPES[self.model]
            return [initial(rng, name, shape) for name, shape in shapes.items()]
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


VOCAB_SIZE, NUM_HIDDENS, NUM_HEADS, NUM_BLOCKS = 28, 64, 4, 2  # of the transformer


def initial(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    if len(shape) == 1:
        return np.full(shape, name.endswith('ln.weight'), np.float32)
    return rng.normal(0, 1 / np.sqrt(shape[0]), shape).astype(np.float32)


# The parameters of networks on tokens, by d2lite's names. The gates of a GRU are r, z and n.
GRU_SHAPES = {
    f'rnn.rnn.{layer}.{kind}_{gates}': (size, 96) if kind == 'weight' else (96,)
    for layer, inputs in enumerate((VOCAB_SIZE, 32))
    for kind, gates, size in [
        ('weight', 'ih', inputs),
        ('weight', 'hh', 32),
        ('bias', 'ih', 0),
        ('bias', 'hh', 0),
    ]
}
BLOCK_SHAPES = {f'attention.W_{name}.weight': (64, 64) for name in 'qkvo'}
BLOCK_SHAPES |= {'addnorm1.ln.weight': (64,), 'addnorm1.ln.bias': (64,)}
BLOCK_SHAPES |= {'ffn.dense1.weight': (64, 128), 'ffn.dense1.bias': (128,)}
BLOCK_SHAPES |= {'ffn.dense2.weight': (128, 64), 'ffn.dense2.bias': (64,)}
BLOCK_SHAPES |= {'addnorm2.ln.weight': (64,), 'addnorm2.ln.bias': (64,)}
SHAPES = {
    'gru': {**GRU_SHAPES, 'linear.weight': (32, VOCAB_SIZE), 'linear.bias': (VOCAB_SIZE,)},
    'transformer': {
        'encoder.embedding.weight': (VOCAB_SIZE, NUM_HIDDENS),
        **{
            f'encoder.blks.{block}.{name}': shape
            for block in range(NUM_BLOCKS)
            for name, shape in BLOCK_SHAPES.items()
        },
        'head.weight': (64, 10),
        'head.bias': (10,),
    },
}

WORKLOADS = {
    'W1': Workload('linear regression, 1,000 × 2', 'scratch', 1000, 1000, 2, 32, 0.03, 3),
    'W2': Workload('linear regression, 100,000 × 100', 'linear', 100_000, 0, 100, 256, 0.01),
    'W3': Workload('MLP 784-256-10 on 20,000', 'mlp', 20_000, 0, 784, 256, 0.1),
    'W4': Workload('LeNet on 6,000 × 28 × 28', 'lenet', 6000, 0, 784, 128, 0.1),
    'W5': Workload('GRU language model on 10,000 × 32 tokens', 'gru', 10_000, 0, 32, 1024, 1.0),
    'W6': Workload('transformer on 5,000 × 32 tokens', 'transformer', 5000, 0, 32, 128, 0.1),
    'W7': Workload('MLP 784-256-10 on 60,000', 'mlp', 60_000, 0, 784, 256, 0.1),
    'W8': Workload('LeNet on 60,000 × 28 × 28', 'lenet', 60_000, 0, 784, 128, 0.1),
}

# What is measured if nothing is chosen.
DEFAULTS = {'cpu': ['W1', 'W2', 'W3', 'W4', 'W5', 'W6'], 'gpu': list(WORKLOADS)}

# For the memory that training takes: W2 with more examples, and with few to start from.
LARGE = replace(WORKLOADS['W2'], title='linear regression, 1,000,000 × 100', num_train=1_000_000)
SMALL = replace(WORKLOADS['W2'], num_train=1000)
