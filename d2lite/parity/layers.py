"""The layers and losses of the reference, in NumPy, by the operations of `tape`.

Images have their channels last, and a weight its outputs: (in, out) and (height, width, in, out).
`p` holds the parameters of one layer, by the last part of their neutral names.
"""

import math
from collections.abc import Mapping

import numpy as np

from d2lite.parity.tape import Value, as_value, exp, log, tanh

Params = Mapping[str, Value]

EPSILON = 1e-5  # added to variances, in every normalisation


def within(p: Params, name: str) -> dict[str, Value]:
    """The parameters of the layer `name`, by their names in there."""
    return {key.removeprefix(f'{name}.'): p[key] for key in p if key.startswith(f'{name}.')}


def dense(p: Params, X: Value) -> Value:
    Y = as_value(X) @ p['weight']
    return Y + p['bias'] if 'bias' in p else Y


def conv(p: Params, X: Value, padding: int = 0, stride: int = 1) -> Value:
    """Cross-correlation of X (n, height, width, in), as a sum over the places of the kernel."""
    X = as_value(X).pad((0, 0), (padding, padding), (padding, padding), (0, 0))
    rows, columns = p['weight'].shape[:2]
    height, width = (X.shape[1] - rows) // stride + 1, (X.shape[2] - columns) // stride + 1
    Y = p['bias']
    for i in range(rows):
        for j in range(columns):
            vertical = slice(i, i + stride * (height - 1) + 1, stride)
            horizontal = slice(j, j + stride * (width - 1) + 1, stride)
            Y = X[:, vertical, horizontal] @ p['weight'][i, j] + Y
    return Y


def avg_pool(X: Value, size: int = 2) -> Value:
    """The means of squares of `size` by `size` pixels that do not overlap."""
    n, height, width, channels = X.shape
    squares = X.reshape(n, height // size, size, width // size, size, channels)
    return squares.mean((2, 4))


def flatten(X: Value) -> Value:
    X = as_value(X)
    return X.reshape(len(X), -1)


def normalised(p: Params, X: Value, axes: tuple[int, ...]) -> Value:
    """X with mean 0 and variance 1 along the axes, times a weight and plus a bias."""
    centred = X - X.mean(axes, keepdims=True)
    variance = (centred * centred).mean(axes, keepdims=True)
    return centred * (variance + EPSILON) ** -0.5 * p['weight'] + p['bias']


def batch_norm(p: Params, X: Value) -> Value:
    """Batch normalisation in training: by the mean and the variance of each channel."""
    return normalised(p, X, tuple(range(len(X.shape) - 1)))


def layer_norm(p: Params, X: Value) -> Value:
    return normalised(p, X, (-1,))


def embedding(p: Params, tokens: np.ndarray) -> Value:
    return p['weight'].take(tokens)


def log_softmax(X: Value) -> Value:
    """Along the last axis. The largest entry is subtracted first, which changes nothing else."""
    shifted = X - X.array.max(-1, keepdims=True)
    return shifted - log(exp(shifted).sum(-1, keepdims=True))


def masked_softmax(X: Value, valid_lens: np.ndarray | None) -> Value:
    """The softmax of scores X (batch, queries, keys), of which the first `valid_lens` count.

    `valid_lens`: None, (batch,) or (batch, queries). The others are set to -1e6, so that where none
    counts, all have the same weight.
    """
    if valid_lens is not None:
        valid_lens = np.asarray(valid_lens)
        valid_lens = valid_lens.reshape(*valid_lens.shape, *[1] * (3 - valid_lens.ndim))
        counts = np.arange(X.shape[-1]) < valid_lens
        X = X * counts + np.where(counts, 0, -1e6)
    return exp(log_softmax(X))


def cross_entropy(scores: Value, labels: np.ndarray, counts: np.ndarray | None = None) -> Value:
    """The mean over all labels, or over those that `counts` has a 1 for."""
    counts = np.ones(labels.shape) if counts is None else counts
    chosen = np.eye(scores.shape[-1])[labels] * counts[..., None]
    return (log_softmax(scores) * chosen).sum() * (-1 / counts.sum())


def squared_loss(predictions: Value, y: np.ndarray) -> Value:
    """Half the mean of the squared errors."""
    return ((predictions - y) ** 2).mean() * 0.5


def additive_attention(p: Params, query: Value, keys: Value, lens: np.ndarray) -> Value:
    """The mean of the keys, weighted by w_v tanh(W_q q + W_k k): (batch, 1, features).

    `query` is (batch, features), and the keys are the values.
    """
    features = tanh((query @ p['W_q.weight']).reshape(len(query), 1, -1) + keys @ p['W_k.weight'])
    scores = (features @ p['w_v.weight']).transpose(0, 2, 1)
    return masked_softmax(scores, lens) @ keys


def multi_head_attention(
    p: Params, queries: Value, keys: Value, lens: np.ndarray | None, num_heads: int
) -> Value:
    """Dot-product attention, each head on its part of the features; keys are values too."""

    def heads(X):
        batch, steps, features = X.shape
        X = X.reshape(batch, steps, num_heads, features // num_heads).transpose(0, 2, 1, 3)
        return X.reshape(batch * num_heads, steps, features // num_heads)

    q, k, v = (heads(X @ p[f'W_{n}.weight']) for n, X in [('q', queries), ('k', keys), ('v', keys)])
    scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
    lens = None if lens is None else np.repeat(lens, num_heads, axis=0)
    found = masked_softmax(scores, lens) @ v
    batch, steps, _ = queries.shape
    found = found.reshape(batch, num_heads, steps, -1).transpose(0, 2, 1, 3)
    return found.reshape(batch, steps, -1) @ p['W_o.weight']


def positions(steps: int, features: int) -> np.ndarray:
    """Sines and cosines by turns, in float32 as the models have them."""
    angles = np.arange(steps)[:, None] / 10000 ** (np.arange(0, features, 2) / features)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(steps, -1).astype(np.float32)
