"""Linear regression on PyTorch: from scratch, with PyTorch's own parts, and as plain functions.

Definitions: d2l, chapter "Linear Neural Networks for Regression".
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.module import check_same_size
from d2lite_torch.module import Module
from d2lite_torch.optimizer import SGD
from d2lite_torch.tensor import matmul, reshape


class LinearRegressionScratch(Module):
    """y_hat = Xw + b with squared loss and our own SGD, from tensors and gradients alone.

    `w` (num_inputs, 1) starts normal with standard deviation `sigma`, the same on every backend for
    the same seed; `b` (1,) starts at 0.
    """

    def __init__(self, num_inputs: int, lr: float, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        w = initial_normal(next_seed('parameters'), sigma, (num_inputs, 1))
        self.w = nn.Parameter(torch.from_numpy(w))
        self.b = nn.Parameter(torch.zeros(1))

    def forward(self, X: Tensor) -> Tensor:
        return matmul(X, self.w) + self.b

    def loss(self, y_hat: Tensor, y: Tensor) -> Tensor:
        check_same_size(y_hat, y)
        y = y if y.shape == y_hat.shape else reshape(y, y_hat.shape)
        # PyTorch's function for ((y_hat - y) ** 2 / 2).mean(), of which it makes one operation.
        return nn.functional.mse_loss(y_hat, y) / 2

    def configure_optimizers(self) -> SGD:
        return SGD([self.w, self.b], self.lr)


class LinearRegression(Module):
    """Linear regression with PyTorch's own layer, loss and optimizer."""

    def __init__(self, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.LazyLinear(1)

    def forward(self, X: Tensor) -> Tensor:
        return self.net(X)

    def loss(self, y_hat: Tensor, y: Tensor) -> Tensor:
        check_same_size(y_hat, y)
        y = y if y.shape == y_hat.shape else reshape(y, y_hat.shape)
        # Half of it, as from scratch: the frameworks' own losses differ by this factor.
        return nn.functional.mse_loss(y_hat, y) / 2

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), self.lr)

    def get_w_b(self) -> tuple[Tensor, Tensor]:
        """The weight (1, num_inputs) and the bias (1,)."""
        return self.net.weight.data, self.net.bias.data


def linreg(X: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """The linear regression model, Xw + b."""
    return matmul(X, w) + b


def squared_loss(y_hat: Tensor, y: Tensor) -> Tensor:
    """Half the squared error of each example, in the shape of `y_hat`."""
    check_same_size(y_hat, y)
    return (y_hat - reshape(y, y_hat.shape)) ** 2 / 2


def sgd(params: Iterable[Tensor], lr: float, batch_size: int) -> None:
    """One step of minibatch SGD for gradients summed over the batch; sets them to 0 afterwards."""
    with torch.no_grad():
        for param in params:
            param -= lr * param.grad / batch_size
            param.grad.zero_()
