"""Linear regression on TensorFlow: from scratch, with Keras's own parts, and as plain functions.

Definitions: d2l, chapter "Linear Neural Networks for Regression".
"""

from collections.abc import Iterable

import numpy as np
import tensorflow as tf

from d2lite.seeds import initial_normal, next_seed
from d2lite.training.module import check_same_size
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import Module
from d2lite_tensorflow.optimizer import SGD
from d2lite_tensorflow.tensor import matmul, reduce_mean, reshape


class LinearRegressionScratch(Module):
    """y_hat = Xw + b with squared loss and our own SGD, from tensors and gradients alone.

    `w` (num_inputs, 1) starts normal with standard deviation `sigma`, the same on every backend for
    the same seed; `b` (1,) starts at 0.
    """

    def __init__(self, num_inputs: int, lr: float, sigma: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        w = initial_normal(next_seed('parameters'), sigma, (num_inputs, 1))
        self.w = tf.Variable(w, trainable=True)
        self.b = tf.Variable(tf.zeros(1), trainable=True)

    def forward(self, X: tf.Tensor) -> tf.Tensor:
        return matmul(X, self.w) + self.b

    def loss(self, y_hat: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        return reduce_mean(squared_loss(y_hat, y))

    def configure_optimizers(self) -> SGD:
        return SGD(self.lr)


class LinearRegression(Module):
    """Linear regression with Keras's own layer, loss and optimizer."""

    def __init__(self, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        initializer = keras.initializers.RandomNormal(stddev=0.01)
        self.net = keras.layers.Dense(1, kernel_initializer=initializer)

    def forward(self, X: tf.Tensor) -> tf.Tensor:
        return self.net(X)

    def loss(self, y_hat: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        check_same_size(y_hat, y)
        # Half of it, as from scratch: the frameworks' own losses differ by this factor.
        # The function and not the class, which also weighs and counts the examples.
        errors = keras.losses.MSE(reshape(y, y_hat.shape), y_hat)
        return reduce_mean(errors) / 2

    def configure_optimizers(self) -> keras.optimizers.Optimizer:
        return keras.optimizers.SGD(self.required_lr())

    def get_w_b(self) -> tuple[np.ndarray, np.ndarray]:
        """The weight (num_inputs, 1) and the bias (1,)."""
        w, b = self.net.get_weights()
        return w, b


def linreg(X: tf.Tensor, w: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """The linear regression model, Xw + b."""
    return matmul(X, w) + b


def squared_loss(y_hat: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """Half the squared error of each example, in the shape of `y_hat`."""
    check_same_size(y_hat, y)
    return (y_hat - reshape(y, y_hat.shape)) ** 2 / 2


def sgd(
    params: Iterable[tf.Variable], grads: Iterable[tf.Tensor], lr: float, batch_size: int
) -> None:
    """One step of minibatch SGD for gradients summed over the batch."""
    for param, grad in zip(params, grads, strict=True):
        param.assign_sub(lr * grad / batch_size)
