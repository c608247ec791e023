"""Convolution on MXNet: the operation, and LeNet."""

from mxnet import init, np
from mxnet.gluon import nn

from d2lite.training import convolution
from d2lite_mxnet import tensor
from d2lite_mxnet.classification import Classifier


def corr2d(X: np.ndarray, K: np.ndarray) -> np.ndarray:
    """The 2-d cross-correlation of X (height, width) with the kernel K (h, w), without padding."""
    return convolution.corr2d(tensor, X, K)


# Xavier-uniform weights for dense and convolutional layers; for `apply_init`.
init_cnn = init.Xavier()


class LeNet(Classifier):
    """LeNet-5: two convolutions with pooling, three dense layers, on images (n, c, 28, 28).

    Definition: d2l, "Convolutional Neural Networks (LeNet)", with sigmoids and average pooling.
    """

    def __init__(self, lr: float = 0.1, num_classes: int = 10) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.HybridSequential()
        self.net.add(
            nn.Conv2D(6, kernel_size=5, padding=2, activation='sigmoid'),
            nn.AvgPool2D(pool_size=2, strides=2),
            nn.Conv2D(16, kernel_size=5, activation='sigmoid'),
            nn.AvgPool2D(pool_size=2, strides=2),
            nn.Flatten(),
            nn.Dense(120, activation='sigmoid'),
            nn.Dense(84, activation='sigmoid'),
            nn.Dense(num_classes),
        )
        self.net.initialize(init.Xavier())
