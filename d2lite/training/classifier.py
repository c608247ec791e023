"""What is the same in every backend's Classifier."""

from typing import Any

import numpy as np

from d2lite.training.labels import check_labels

__all__ = ['Classifier', 'accuracy', 'count_correct', 'print_layer']


class Classifier:
    """Base class of classification models: cross-entropy and accuracy from logits.

    `loss(Y_hat, Y, averaged=True)`, `accuracy(Y_hat, Y, averaged=True)`: logits `Y_hat` (..., q)
    against class indices `Y` of the same shape without the q; a mean, or one number an example.
    On JAX both take `(params, X, Y, state, averaged=True)`. Definition: d2l, section "The Base
    Classification Model".
    """

    def validation_step(self, batch: Any) -> None:
        """Reports loss and accuracy of a validation minibatch."""
        Y_hat = self(*batch[:-1])
        self.plot('loss', self.loss(Y_hat, batch[-1]), train=False)
        self.plot('acc', self.accuracy(Y_hat, batch[-1]), train=False)


def accuracy(model: Any, tensor: Any, Y_hat: Any, Y: Any, averaged: Any) -> Any:
    """`Classifier.accuracy` of logits; `tensor` is the backend's module of that name."""
    check_labels(model, Y_hat, Y)
    preds = tensor.argmax(tensor.reshape(Y_hat, (-1, Y_hat.shape[-1])), axis=1)
    # In the dtype of the predictions: labels of 8 bits could not tell class 256 from class 0.
    compare = preds == tensor.astype(tensor.reshape(Y, (-1,)), preds.dtype)
    compare = tensor.astype(compare, tensor.float32)
    return tensor.reduce_mean(compare) if averaged else compare


def count_correct(y_hat: np.ndarray, y: np.ndarray) -> float:
    """The number of right predictions; see `d2l.accuracy`."""
    predictions = y_hat.argmax(axis=1) if y_hat.ndim > 1 and y_hat.shape[1] > 1 else y_hat
    if predictions.size != y.size:
        raise ValueError(
            f'accuracy takes y_hat of shape (n, q) or (n,) and n labels y, got {y_hat.shape} and '
            f'{y.shape}'
        )
    return float((predictions.reshape(-1).astype(y.dtype) == y.reshape(-1)).sum())


def print_layer(layer: Any, X: Any) -> None:
    """A line of `layer_summary`: what the layer is called, and the shape of what comes out."""
    # In Flax an activation is a plain function.
    name = layer.__name__ if hasattr(layer, '__name__') else type(layer).__name__
    print(f'{name} output shape:\t{tuple(X.shape)}')
