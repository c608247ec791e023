"""Classification on JAX: the base class, softmax regression, and a multilayer perceptron.

Definitions: d2l, chapters "Linear Neural Networks for Classification" and "Multilayer Perceptrons".
"""

from collections.abc import Sequence
from typing import Any

import jax
import optax
from flax import linen as nn
from jax import Array
from jax import numpy as jnp

from d2lite.training import classifier as classification
from d2lite.training.classifier import count_correct, print_layer
from d2lite.training.labels import check_labels
from d2lite_jax import tensor
from d2lite_jax.framework import get_key
from d2lite_jax.module import Module
from d2lite_jax.tensor import reduce_mean, reshape


def accuracy(y_hat: jax.Array, y: jax.Array) -> float:
    """The number of right predictions: logits `y_hat` (n, q), or classes (n,), labels `y` (n,)."""
    return count_correct(tensor.numpy(y_hat), tensor.numpy(y))


class Classifier(classification.Classifier, Module):
    __doc__ = classification.Classifier.__doc__
    as_numpy = staticmethod(tensor.numpy)

    @staticmethod
    def is_traced(Y: Array) -> bool:
        """Returns True while a compiler looks on, which knows no values of labels `Y`."""
        return isinstance(Y, jax.core.Tracer)

    def loss(
        self, params: dict, X: tuple[Array, ...], Y: Array, state: Any, averaged: bool = True
    ) -> tuple[Array, dict]:
        """Cross-entropy, and a dictionary with the batch statistics that the pass has updated."""
        Y_hat, updates = state.apply_fn(
            {'params': params, 'batch_stats': state.batch_stats},
            *X,
            mutable=['batch_stats'],
            rngs={'dropout': state.dropout_rng},
        )
        check_labels(self, Y_hat, Y)
        Y_hat = reshape(Y_hat, (-1, Y_hat.shape[-1]))
        Y = reshape(Y, (-1,))
        if not jnp.issubdtype(Y.dtype, jnp.integer):  # Optax takes integers only
            Y = Y.astype(jnp.int32)
        loss = optax.softmax_cross_entropy_with_integer_labels(Y_hat, Y)
        return (reduce_mean(loss) if averaged else loss), updates

    def accuracy(
        self, params: dict, X: tuple[Array, ...], Y: Array, state: Any, averaged: bool = True
    ) -> Array:
        variables = {'params': params, 'batch_stats': state.batch_stats}
        Y_hat = state.apply_fn(variables, *X, rngs={'dropout': state.dropout_rng})
        return classification.accuracy(self, tensor, Y_hat, Y, averaged)

    def validation_step(self, params: dict, batch: tuple[Array, ...], state: Any) -> None:
        """Reports loss and accuracy of a validation minibatch."""
        loss, _ = self.in_its_mode().loss(params, batch[:-1], batch[-1], state)
        self.plot('loss', loss, train=False)
        self.plot('acc', self.accuracy(params, batch[:-1], batch[-1], state), train=False)

    def layer_summary(self, X_shape: Sequence[int], key: Array | None = None) -> None:
        """Prints the shape of what each layer of `net` puts out for inputs of shape `X_shape`."""
        model = self.clone(training=False)

        def apply(key, X):
            bound = model.bind(model.init(key, X))
            for layer in bound.net.layers:
                X = layer(X)
                print_layer(layer, X)

        # Shapes only: nothing is computed, and no operation compiled, however large the layers are.
        jax.eval_shape(apply, get_key() if key is None else key, jnp.zeros(X_shape))


class SoftmaxRegression(Classifier):
    """Softmax regression: one dense layer on the flattened inputs, (n, ...) to (n, num_outputs)."""

    num_outputs: int
    lr: float

    def setup(self) -> None:
        self.net = nn.Sequential([flatten, nn.Dense(self.num_outputs)])


class MLP(Classifier):
    """A multilayer perceptron: a hidden layer of `num_hiddens` rectified units, then the logits."""

    num_outputs: int
    num_hiddens: int
    lr: float

    def setup(self) -> None:
        self.net = nn.Sequential(
            [flatten, nn.Dense(self.num_hiddens), nn.relu, nn.Dense(self.num_outputs)]
        )


def flatten(X: Array) -> Array:
    """Each example as one row: Flax has no layer for it."""
    return reshape(X, (X.shape[0], -1))
