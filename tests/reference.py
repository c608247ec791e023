"""The referee: linear regression by minibatch SGD in NumPy, in float64, from the formula."""

import numpy as np

from d2lite import seeds
from d2lite.data import regression_arrays


def train_linear_regression(seed, lr, max_epochs, batch_size=32):
    """What `LinearRegressionScratch` on `SyntheticRegressionData` has to find: w (2,) and b."""
    seeds.seed_everything(seed)
    w = seeds.initial_normal(seeds.next_seed('parameters'), 0.01, (2, 1)).astype(np.float64)
    b = 0.0
    true_w = np.array([2.0, -3.4], np.float32)
    X, y = regression_arrays(true_w, 4.2, 0.01, 2000)
    X, y = X[:1000].astype(np.float64), y[:1000].astype(np.float64)
    order_seed = [seeds.next_seed('data'), 1]
    for epoch in range(max_epochs):
        order = np.random.default_rng([*order_seed, epoch]).permutation(1000)
        for start in range(0, 1000, batch_size):
            rows = order[start : start + batch_size]
            error = X[rows] @ w + b - y[rows]
            w = w - lr * X[rows].T @ error / len(rows)
            b = b - lr * error.mean()
    return w[:, 0], b
