"""The convolution of a lesson, written out: the same on every backend."""

from typing import Any

__all__ = ['corr2d']


def corr2d(tensor: Any, X: Any, K: Any) -> Any:
    """The 2-d cross-correlation of X (height, width) with the kernel K (h, w), without padding.

    Its shape is (height - h + 1, width - w + 1). `tensor`: the backend's module of that name.
    Definition: d2l, "Convolutions for Images".
    """
    h, w = K.shape
    rows, columns = X.shape[0] - h + 1, X.shape[1] - w + 1

    def entry(i, j):
        return tensor.reduce_sum(X[i : i + h, j : j + w] * K)

    return tensor.stack([tensor.stack([entry(i, j) for j in range(columns)]) for i in range(rows)])
