"""Linear regression on MXNet: from scratch, with Gluon's own parts, and as plain functions.

Definitions: d2l, chapter "Linear Neural Networks for Regression".
"""

from collections.abc import Iterable
from typing import Any

from mxnet import gluon, init, np
from mxnet.gluon import nn

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.module import check_same_size
from d2lite_mxnet.module import Module
from d2lite_mxnet.optimizer import SGD
from d2lite_mxnet.tensor import matmul


class MeanL2Loss(gluon.loss.L2Loss):
    """Gluon's loss, half the squared errors, and its mean over the minibatch in the same graph."""

    def hybrid_forward(self, F: Any, y_hat: Any, y: Any) -> Any:
        return super().hybrid_forward(F, y_hat, y).mean()


mean_l2_loss = MeanL2Loss()
mean_l2_loss.hybridize(static_alloc=True)


class LinearRegressionScratch(Module):
    """y_hat = Xw + b with squared loss and our own SGD, from arrays and gradients alone.

    `w` (num_inputs, 1) starts normal with standard deviation `sigma`, the same on every backend for
    the same seed; `b` (1,) starts at 0.
    """

    def __init__(self, num_inputs: int, lr: float, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        w = initial_normal(next_seed('parameters'), sigma, (num_inputs, 1))
        self.w = np.array(w)
        self.b = np.zeros(1)
        self.w.attach_grad()
        self.b.attach_grad()

    def forward(self, X: np.ndarray) -> np.ndarray:
        return matmul(X, self.w) + self.b

    def loss(self, y_hat: np.ndarray, y: np.ndarray) -> np.ndarray:
        check_same_size(y_hat, y)
        return ((y_hat - y.reshape(y_hat.shape)) ** 2 / 2).mean()

    def configure_optimizers(self) -> SGD:
        return SGD([self.w, self.b], self.lr)


class LinearRegression(Module):
    """Linear regression with Gluon's own layer, loss and optimizer."""

    def __init__(self, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Dense(1)
        self.net.initialize(init.Normal(sigma=0.01))

    def forward(self, X: np.ndarray) -> np.ndarray:
        return self.net(X)

    def loss(self, y_hat: np.ndarray, y: np.ndarray) -> np.ndarray:
        check_same_size(y_hat, y)
        return mean_l2_loss(y_hat, y)

    def configure_optimizers(self) -> gluon.Trainer:
        return gluon.Trainer(self.collect_params(), 'sgd', {'learning_rate': self.lr})

    def get_w_b(self) -> tuple[np.ndarray, np.ndarray]:
        """The weight (1, num_inputs) and the bias (1,)."""
        return self.net.weight.data(), self.net.bias.data()


def linreg(X: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The linear regression model, Xw + b."""
    return matmul(X, w) + b


def squared_loss(y_hat: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Half the squared error of each example, in the shape of `y_hat`."""
    check_same_size(y_hat, y)
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def sgd(params: Iterable[np.ndarray], lr: float, batch_size: int) -> None:
    """One step of minibatch SGD for gradients summed over the batch."""
    for param in params:
        param[:] = param - lr * param.grad / batch_size
