"""Classification on PyTorch: the base class, softmax regression, and a multilayer perceptron.

Definitions: d2l, chapters "Linear Neural Networks for Classification" and "Multilayer Perceptrons".
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from d2lite.training import classifier as classification
from d2lite.training.classifier import count_correct, print_layer
from d2lite.training.labels import check_labels
from d2lite_torch import tensor
from d2lite_torch.module import Module, evaluating
from d2lite_torch.tensor import reshape


def accuracy(y_hat: Tensor, y: Tensor) -> float:
    """The number of right predictions: logits `y_hat` (n, q), or classes (n,), labels `y` (n,)."""
    return count_correct(tensor.numpy(y_hat), tensor.numpy(y))


class Classifier(classification.Classifier, Module):
    __doc__ = classification.Classifier.__doc__
    as_numpy = staticmethod(tensor.numpy)

    @staticmethod
    def is_traced(Y: Tensor) -> bool:
        """Returns True while a compiler looks on, which knows no values of labels `Y`."""
        return torch.compiler.is_compiling()

    def loss(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        check_labels(self, Y_hat, Y)
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        # PyTorch takes indices of 64 bits only.
        Y = reshape(Y, (-1,)).long()
        return nn.functional.cross_entropy(Y_hat, Y, reduction='mean' if averaged else 'none')

    def accuracy(self, Y_hat: Tensor, Y: Tensor, averaged: bool = True) -> Tensor:
        return classification.accuracy(self, tensor, Y_hat, Y, averaged)

    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Prints the shape of what each layer of `net` puts out for inputs of shape `X_shape`."""
        device = next((param.device for param in self.parameters()), None)
        X = torch.zeros(X_shape, device=device)
        with evaluating(self):
            for layer in self.net:
                X = layer(X)
                print_layer(layer, X)


class SoftmaxRegression(Classifier):
    """Softmax regression: one dense layer on the flattened inputs, (n, ...) to (n, num_outputs)."""

    def __init__(self, num_outputs: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(num_outputs))


class MLP(Classifier):
    """A multilayer perceptron: a hidden layer of `num_hiddens` rectified units, then the logits."""

    def __init__(self, num_outputs: int, num_hiddens: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(), nn.LazyLinear(num_hiddens), nn.ReLU(), nn.LazyLinear(num_outputs)
        )
