"""What is the same in every backend's Classifier."""

from typing import Any

__all__ = ['Classifier', 'accuracy', 'check_labels', 'print_layer']


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


def accuracy(tensor: Any, Y_hat: Any, Y: Any, averaged: Any) -> Any:
    """`Classifier.accuracy` of logits; `tensor` is the backend's module of that name."""
    check_labels(Y_hat, Y)
    preds = tensor.argmax(tensor.reshape(Y_hat, (-1, Y_hat.shape[-1])), axis=1)
    compare = tensor.astype(preds, Y.dtype) == tensor.reshape(Y, (-1,))
    compare = tensor.astype(compare, tensor.float32)
    return tensor.reduce_mean(compare) if averaged else compare


def check_labels(Y_hat: Any, Y: Any) -> None:
    """Raises ValueError, naming both shapes, unless each example of the logits has one label."""
    logits_shape, labels_shape = tuple(Y_hat.shape), tuple(Y.shape)
    # One-hot labels (n, q), or a column (n, 1), would otherwise broadcast or fail far from here.
    if logits_shape[:-1] != labels_shape:
        raise ValueError(
            f'logits of shape {logits_shape} need labels of shape {logits_shape[:-1]}, the index '
            f'of a class for each example; got labels of shape {labels_shape}'
        )


def print_layer(layer: Any, X: Any) -> None:
    """A line of `layer_summary`: what the layer is called, and the shape of what comes out."""
    # In Flax an activation is a plain function.
    name = layer.__name__ if hasattr(layer, '__name__') else type(layer).__name__
    print(f'{name} output shape:\t{tuple(X.shape)}')
