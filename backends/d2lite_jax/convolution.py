"""Convolution on JAX: the operation, and LeNet."""

from collections.abc import Callable

from flax import linen as nn

from d2lite.training import convolution
from d2lite_jax import tensor
from d2lite_jax.classification import Classifier, flatten


def corr2d(X, K):
    """The 2-d cross-correlation of X (height, width) with the kernel K (h, w), without padding."""
    return convolution.corr2d(tensor, X, K)


def init_cnn(key, shape, dtype=float):
    """Xavier-uniform weights for a dense or convolutional layer; for `kernel_init`."""
    return nn.initializers.xavier_uniform()(key, shape, dtype)


class LeNet(Classifier):
    """LeNet-5: two convolutions with pooling, three dense layers, on images (n, 28, 28, c).

    Definition: d2l, "Convolutional Neural Networks (LeNet)", with sigmoids and average pooling.
    """

    lr: float = 0.1
    num_classes: int = 10
    kernel_init: Callable = nn.initializers.xavier_uniform

    def setup(self):
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


def avg_pool(X):
    """The means of 2x2 pixels: Flax has no layer for it."""
    return nn.avg_pool(X, window_shape=(2, 2), strides=(2, 2))
