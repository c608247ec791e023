"""Convolution on JAX: the operation, and LeNet."""

from collections.abc import Callable
from typing import Any

from flax import linen as nn
from jax import Array

from d2lite.training import convolution
from d2lite_jax import tensor
from d2lite_jax.classification import Classifier, flatten


def corr2d(X: Array, K: Array) -> Array:
    """The 2-d cross-correlation of X (height, width) with the kernel K (h, w), without padding."""
    return convolution.corr2d(tensor, X, K)


def init_cnn(key: Array, shape: tuple[int, ...], dtype: Any = float) -> Array:
    """Xavier-uniform weights for a dense or convolutional layer; for `kernel_init`."""
    return nn.initializers.xavier_uniform()(key, shape, dtype)


class LeNet(Classifier):
    """LeNet-5: two convolutions with pooling, three dense layers, on images (n, 28, 28, c).

    Definition: d2l, "Convolutional Neural Networks (LeNet)", with sigmoids and average pooling.
    """

    lr: float = 0.1
    num_classes: int = 10
    kernel_init: Callable = nn.initializers.xavier_uniform

    def setup(self) -> None:
        self.net = nn.Sequential(
            [
                nn.Conv(6, kernel_size=(5, 5), padding='SAME', kernel_init=self.kernel_init()),
                nn.sigmoid,
                avg_pool,
                nn.Conv(16, kernel_size=(5, 5), padding='VALID', kernel_init=self.kernel_init()),
                nn.sigmoid,
                avg_pool,
                flatten,
                nn.Dense(120, kernel_init=self.kernel_init()),
                nn.sigmoid,
                nn.Dense(84, kernel_init=self.kernel_init()),
                nn.sigmoid,
                nn.Dense(self.num_classes, kernel_init=self.kernel_init()),
            ]
        )


def avg_pool(X: Array) -> Array:
    """The means of 2x2 pixels: Flax has no layer for it."""
    return nn.avg_pool(X, window_shape=(2, 2), strides=(2, 2))
