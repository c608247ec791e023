"""Classification on TensorFlow: the base class, softmax regression, and a multilayer perceptron.

Definitions: d2l, chapters "Linear Neural Networks for Classification" and "Multilayer Perceptrons".
"""

from collections.abc import Sequence

import tensorflow as tf

from d2lite.training import classifier as classification
from d2lite.training.classifier import count_correct, print_layer
from d2lite.training.labels import check_labels
from d2lite_tensorflow import tensor
from d2lite_tensorflow.framework import keras
from d2lite_tensorflow.module import Module
from d2lite_tensorflow.tensor import reduce_mean, reshape


def accuracy(y_hat: tf.Tensor, y: tf.Tensor) -> float:
    """The number of right predictions: logits `y_hat` (n, q), or classes (n,), labels `y` (n,)."""
    return count_correct(tensor.numpy(y_hat), tensor.numpy(y))


class Classifier(classification.Classifier, Module):
    __doc__ = classification.Classifier.__doc__
    as_numpy = staticmethod(tensor.numpy)

    @staticmethod
    def is_traced(Y: tf.Tensor) -> bool:
        """Returns True while a compiler looks on, which knows no values of labels `Y`."""
        return tf.is_symbolic_tensor(Y)

    def loss(self, Y_hat: tf.Tensor, Y: tf.Tensor, averaged: bool = True) -> tf.Tensor:
        check_labels(self, Y_hat, Y)
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = reshape(Y, (-1,))
        if Y.dtype not in (tf.int32, tf.int64):  # TensorFlow takes indices of these only
            Y = tf.cast(Y, tf.int32)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(Y, Y_hat)
        return reduce_mean(loss) if averaged else loss

    def accuracy(self, Y_hat: tf.Tensor, Y: tf.Tensor, averaged: bool = True) -> tf.Tensor:
        return classification.accuracy(self, tensor, Y_hat, Y, averaged)

    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Prints the shape of what each layer of `net` puts out for inputs of shape `X_shape`."""
        X = tf.zeros(X_shape)
        for layer in self.net.layers:
            X = layer(X)
            print_layer(layer, X)


class SoftmaxRegression(Classifier):
    """Softmax regression: one dense layer on the flattened inputs, (n, ...) to (n, num_outputs)."""

    def __init__(self, num_outputs: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(num_outputs)])


class MLP(Classifier):
    """A multilayer perceptron: a hidden layer of `num_hiddens` rectified units, then the logits."""

    def __init__(self, num_outputs: int, num_hiddens: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = keras.Sequential(
            [
                keras.layers.Flatten(),
                keras.layers.Dense(num_hiddens, activation='relu'),
                keras.layers.Dense(num_outputs),
            ]
        )
