"""Classification on MXNet: the base class, softmax regression, and a multilayer perceptron.

Definitions: d2l, chapters "Linear Neural Networks for Classification" and "Multilayer Perceptrons".
"""

from collections.abc import Sequence

from mxnet import gluon, init, np
from mxnet.gluon import nn

from d2lite.training import classifier as classification
from d2lite.training.classifier import count_correct, print_layer
from d2lite.training.labels import check_labels
from d2lite_mxnet import tensor
from d2lite_mxnet.module import Module

softmax_cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()
softmax_cross_entropy.hybridize()


def accuracy(y_hat: np.ndarray, y: np.ndarray) -> float:
    """The number of right predictions: logits `y_hat` (n, q), or classes (n,), labels `y` (n,)."""
    return count_correct(tensor.numpy(y_hat), tensor.numpy(y))


class Classifier(classification.Classifier, Module):
    __doc__ = classification.Classifier.__doc__
    as_numpy = staticmethod(tensor.numpy)

    @staticmethod
    def is_traced(Y: np.ndarray) -> bool:
        """Returns False: what is compiled are layers, and their labels have values."""
        return False

    def loss(self, Y_hat: np.ndarray, Y: np.ndarray, averaged: bool = True) -> np.ndarray:
        check_labels(self, Y_hat, Y)
        Y_hat = Y_hat.reshape((-1, Y_hat.shape[-1]))
        loss = softmax_cross_entropy(Y_hat, Y.reshape((-1,)))
        return loss.mean() if averaged else loss

    def accuracy(self, Y_hat: np.ndarray, Y: np.ndarray, averaged: bool = True) -> np.ndarray:
        return classification.accuracy(self, tensor, Y_hat, Y, averaged)

    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Prints the shape of what each layer of `net` puts out for inputs of shape `X_shape`."""
        X = np.zeros(X_shape)
        for layer in self.net:
            X = layer(X)
            print_layer(layer, X)


class SoftmaxRegression(Classifier):
    """Softmax regression: one dense layer on the flattened inputs, (n, ...) to (n, num_outputs)."""

    def __init__(self, num_outputs: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.HybridSequential()
        self.net.add(nn.Flatten(), nn.Dense(num_outputs))
        self.net.initialize()


class MLP(Classifier):
    """A multilayer perceptron: a hidden layer of `num_hiddens` rectified units, then the logits."""

    def __init__(self, num_outputs: int, num_hiddens: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.HybridSequential()
        self.net.add(nn.Flatten(), nn.Dense(num_hiddens, activation='relu'), nn.Dense(num_outputs))
        self.net.initialize(init.Xavier())
