"""Convolution on MXNet: the operation written out, and LeNet."""

from mxnet import init
from mxnet.gluon import nn

from d2lite_mxnet.classification import Classifier
from d2lite_mxnet.tensor import reduce_sum, stack


def corr2d(X, K):
    """The 2-d cross-correlation of X (height, width) with the kernel K (h, w), without padding.

    Its shape is (height - h + 1, width - w + 1). Definition: d2l, "Convolutions for Images".
    """
    h, w = K.shape
    rows, columns = X.shape[0] - h + 1, X.shape[1] - w + 1
    return stack(
        [
            stack([reduce_sum(X[i : i + h, j : j + w] * K) for j in range(columns)])
            for i in range(rows)
        ]
    )


# Xavier-uniform weights for dense and convolutional layers; for `apply_init`.
init_cnn = init.Xavier()


class LeNet(Classifier):
    """LeNet-5: two convolutions with pooling, three dense layers, on images (n, c, 28, 28).

    Definition: d2l, "Convolutional Neural Networks (LeNet)", with sigmoids and average pooling.
    """

    def __init__(self, lr=0.1, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential()
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
