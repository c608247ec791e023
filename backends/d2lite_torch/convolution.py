"""Convolution on PyTorch: the operation, and LeNet."""

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from d2lite.training import convolution
from d2lite_torch import tensor
from d2lite_torch.classification import Classifier


def corr2d(X: Tensor, K: Tensor) -> Tensor:
    """The 2-d cross-correlation of X (height, width) with the kernel K (h, w), without padding."""
    return convolution.corr2d(tensor, X, K)


def init_cnn(module: nn.Module) -> None:
    """Xavier-uniform weights for a dense or convolutional layer; for `apply_init`.

    Nothing for a lazy layer, which has no weights before its first inputs.
    """
    if isinstance(module, nn.Linear | nn.Conv2d) and not is_lazy(module.weight):
        nn.init.xavier_uniform_(module.weight)


class LeNet(Classifier):
    """LeNet-5: two convolutions with pooling, three dense layers, on images (n, c, 28, 28).

    Definition: d2l, "Convolutional Neural Networks (LeNet)", with sigmoids and average pooling.
    """

    def __init__(self, lr: float = 0.1, num_classes: int = 10) -> None:
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
