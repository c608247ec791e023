"""Classification on PyTorch: the base class, softmax regression, and a multilayer perceptron."""

import torch
from torch import nn

from d2lite.training import classifier as classification
from d2lite.training.classifier import accuracy, check_labels, print_layer
from d2lite_torch import tensor
from d2lite_torch.module import Module
from d2lite_torch.tensor import reshape


class Classifier(classification.Classifier, Module):
    __doc__ = classification.Classifier.__doc__

    def loss(self, Y_hat, Y, averaged=True):
        check_labels(Y_hat, Y)
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        # PyTorch takes indices of 64 bits only.
        Y = reshape(Y, (-1,)).long()
        return nn.functional.cross_entropy(Y_hat, Y, reduction='mean' if averaged else 'none')

    def accuracy(self, Y_hat, Y, averaged=True):
        return accuracy(tensor, Y_hat, Y, averaged)

    def layer_summary(self, X_shape):
        """Prints the shape of what each layer of `net` puts out for inputs of shape `X_shape`."""
        X = torch.zeros(X_shape)
        training = self.training
        self.eval()  # a summary must not move the running statistics of batch normalisation
        with torch.no_grad():
            for layer in self.net:
                X = layer(X)
                print_layer(layer, X)
        self.train(training)


class SoftmaxRegression(Classifier):
    """Softmax regression: one dense layer on the flattened inputs, (n, ...) to (n, num_outputs).

    Definition: d2l, "Concise Implementation of Softmax Regression".
    """

    def __init__(self, num_outputs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(num_outputs))


class MLP(Classifier):
    """A multilayer perceptron: a hidden layer of `num_hiddens` rectified units, then the logits.

    Definition: d2l, "Implementation of Multilayer Perceptrons".
    """

    def __init__(self, num_outputs, num_hiddens, lr):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(num_hiddens), nn.ReLU(), nn.LazyLinear(num_outputs)
        )
