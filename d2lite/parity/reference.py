"""The reference: linear regression by minibatch SGD, in NumPy alone and with the gradient by hand.

It shares no code with the models that are held against it, and is short enough to be checked by
reading: d2l, sections "Linear Regression" and "Weight Decay".
"""

from typing import NamedTuple

import numpy as np


class ReferenceStep(NamedTuple):
    """One step of training: the loss and the norm of its gradient before, the parameters after."""

    loss: float
    gradient_norm: float  # before clipping
    w: np.ndarray  # (d, 1)
    b: np.ndarray  # (1,)


def train(
    X: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    b: np.ndarray,
    batches: list[np.ndarray],
    lr: float,
    gradient_clip_val: float = 0,
    weight_decay: float = 0,
) -> list[ReferenceStep]:
    """Minibatch SGD from `w` (d, 1) and `b` (1,): a list with a ReferenceStep for each batch.

    `X` (n, d), `y` (n, 1). `batches`: arrays of row numbers, see `minibatches`. Gradients whose
    common norm is above `gradient_clip_val` are scaled down to it; 0 leaves them as they are.
    Everything is computed in float64.
    """
    X, y, w, b = (np.asarray(array, np.float64) for array in (X, y, w, b))
    steps = []
    for rows in batches:
        loss, gw, gb = gradients(X[rows], y[rows], w, b, weight_decay)
        norm = np.sqrt(np.sum(gw**2) + np.sum(gb**2))
        if 0 < gradient_clip_val < norm:
            gw, gb = gw * (gradient_clip_val / norm), gb * (gradient_clip_val / norm)
        w, b = w - lr * gw, b - lr * gb
        steps.append(ReferenceStep(loss, norm, w, b))
    return steps


def gradients(
    X: np.ndarray, y: np.ndarray, w: np.ndarray, b: np.ndarray, weight_decay: float = 0
) -> tuple[float, np.ndarray, np.ndarray]:
    """Loss 1/(2n) |Xw + b - y|^2 + weight_decay/2 |w|^2, and its gradients for w and for b."""
    n = len(X)
    error = X @ w + b - y
    loss = np.sum(error**2) / (2 * n) + weight_decay * np.sum(w**2) / 2
    return loss, X.T @ error / n + weight_decay * w, error.sum(axis=0) / n


def minibatches(
    num_examples: int, batch_size: int, num_epochs: int, seed: list[int]
) -> list[np.ndarray]:
    """The rows of each minibatch: in every epoch a new permutation, cut; the last may be smaller.

    `seed`: a list of integers. Epoch e is permuted by NumPy's generator for [*seed, e].
    """
    batches = []
    for epoch in range(num_epochs):
        order = np.random.default_rng([*seed, epoch]).permutation(num_examples)
        batches += [order[i : i + batch_size] for i in range(0, num_examples, batch_size)]
    return batches
