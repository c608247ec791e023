"""Classification on MXNet: the base class, softmax regression, and a multilayer perceptron."""

from mxnet import init, np
from mxnet.gluon import nn

from d2lite.training import classifier as classification
from d2lite.training.classifier import accuracy, check_labels, print_layer
from d2lite_mxnet import tensor
from d2lite_mxnet.module import Module
from d2lite_mxnet.operators import AsOne


class Classifier(classification.Classifier, Module):
    __doc__ = classification.Classifier.__doc__

    def loss(self, Y_hat, Y, averaged=True):
        check_labels(Y_hat, Y)
        return _mean_cross_entropy(Y_hat, Y) if averaged else _cross_entropy(Y_hat, Y)

    def accuracy(self, Y_hat, Y, averaged=True):
        return accuracy(tensor, Y_hat, Y, averaged)

    def layer_summary(self, X_shape):
        """Prints the shape of what each layer of `net` puts out for inputs of shape `X_shape`."""
        X = np.zeros(X_shape)
        for layer in self.net:
            X = layer(X)
            print_layer(layer, X)


@AsOne
def _cross_entropy(np, npx, Y_hat, Y):
    """What Gluon's SoftmaxCrossEntropyLoss computes, a number for each example."""
    return -npx.pick(npx.log_softmax(Y_hat), Y).reshape(-1)


@AsOne
def _mean_cross_entropy(np, npx, Y_hat, Y):
    return -npx.pick(npx.log_softmax(Y_hat), Y).mean()


class SoftmaxRegression(Classifier):
    """Softmax regression: one dense layer on the flattened inputs, (n, ...) to (n, num_outputs).

    Definition: d2l, "Concise Implementation of Softmax Regression".
    """

    def __init__(self, num_outputs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential()
        self.net.add(nn.Flatten(), nn.Dense(num_outputs))
        self.net.initialize()


class MLP(Classifier):
    """A multilayer perceptron: a hidden layer of `num_hiddens` rectified units, then the logits.

    Definition: d2l, "Implementation of Multilayer Perceptrons".
    """

    def __init__(self, num_outputs, num_hiddens, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential()
        self.net.add(nn.Flatten(), nn.Dense(num_hiddens, activation='relu'), nn.Dense(num_outputs))
        self.net.initialize(init.Xavier())
