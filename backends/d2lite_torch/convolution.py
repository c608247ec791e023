"""Convolution on PyTorch: the operation written out, and LeNet."""

from torch import nn

from d2lite_torch.classification import Classifier
from d2lite_torch.tensor import reduce_sum, stack


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


def init_cnn(module):
    """Xavier-uniform weights for a dense or convolutional layer; for `apply_init`."""
    if isinstance(module, nn.Linear | nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)


class LeNet(Classifier):
    """LeNet-5: two convolutions with pooling, three dense layers, on images (n, c, 28, 28).

    Definition: d2l, "Convolutional Neural Networks (LeNet)", with sigmoids and average pooling.
    """

    def __init__(self, lr=0.1, num_classes=10):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.LazyConv2d(6, kernel_size=5, padding=2),
            nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.LazyConv2d(16, kernel_size=5),
            nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.Flatten(),
            nn.LazyLinear(120),
            nn.Sigmoid(),
            nn.LazyLinear(84),
            nn.Sigmoid(),
            nn.LazyLinear(num_classes),
        )
