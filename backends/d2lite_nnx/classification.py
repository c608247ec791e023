"""Classification on NNX: the base class, softmax regression, and a multilayer perceptron.

Definitions: d2l, chapters "Linear Neural Networks for Classification" and "Multilayer Perceptrons".
"""

from collections.abc import Sequence

import jax
import optax
from flax import nnx
from jax import Array
from jax import numpy as jnp

from d2lite.training import classifier as classification
from d2lite.training.classifier import print_layer
from d2lite.training.labels import check_labels
from d2lite_jax.classification import accuracy, flatten
from d2lite_nnx import lazy, tensor
from d2lite_nnx.framework import rngs_or_new
from d2lite_nnx.module import Module
from d2lite_nnx.tensor import reduce_mean, reshape


class Classifier(classification.Classifier, Module):
    __doc__ = classification.Classifier.__doc__
    as_numpy = staticmethod(tensor.numpy)

    @staticmethod
    def is_traced(Y: Array) -> bool:
        """Returns True while a compiler looks on, which knows no values of labels `Y`."""
        return isinstance(Y, jax.core.Tracer)

    def loss(self, Y_hat: Array, Y: Array, averaged: bool = True) -> Array:
        check_labels(self, Y_hat, Y)
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = reshape(Y, (-1,))
        if not jnp.issubdtype(Y.dtype, jnp.integer):  # Optax takes integers only
            Y = Y.astype(jnp.int32)
        loss = optax.softmax_cross_entropy_with_integer_labels(Y_hat, Y)
        return reduce_mean(loss) if averaged else loss

    def accuracy(self, Y_hat: Array, Y: Array, averaged: bool = True) -> Array:
        return classification.accuracy(self, tensor, Y_hat, Y, averaged)

    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Prints the shape of what each layer of `net` puts out for inputs of shape `X_shape`."""
        graphdef, state = nnx.split(self)

        def apply(state, X):
            model = nnx.merge(graphdef, state)
            model.eval()
            for layer in model.net.layers:
                X = layer(X)
                print_layer(layer, X)

        # Shapes only: nothing is computed, and no operation compiled, however large the layers are.
        jax.eval_shape(apply, state, jnp.zeros(X_shape))


class SoftmaxRegression(Classifier):
    """Softmax regression: one dense layer on the flattened inputs, (n, ...) to (n, num_outputs)."""

    def __init__(self, num_outputs: int, lr: float, rngs: nnx.Rngs | None = None) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nnx.Sequential(flatten, lazy.Linear(num_outputs, rngs=rngs_or_new(rngs)))


class MLP(Classifier):
    """A multilayer perceptron: a hidden layer of `num_hiddens` rectified units, then the logits."""

    def __init__(
        self, num_outputs: int, num_hiddens: int, lr: float, rngs: nnx.Rngs | None = None
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        rngs = rngs_or_new(rngs)
        self.net = nnx.Sequential(
            flatten,
            lazy.Linear(num_hiddens, rngs=rngs),
            nnx.relu,
            nnx.Linear(num_hiddens, num_outputs, rngs=rngs),
        )


__all__ = ['MLP', 'Classifier', 'SoftmaxRegression', 'accuracy', 'flatten']
