"""Module on JAX: a Flax linen module, whose parameters travel beside it in a TrainState."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import jax
import optax
from flax import linen as nn

from d2lite.plotting.board import ProgressBoard
from d2lite.training import module
from d2lite.training.arguments import check_loss
from d2lite_jax.framework import NAME

nn_Module = nn.Module


class Module(module.Module, nn.Module):
    # Flax makes a dataclass of this class and its subclasses, so fields stand for a constructor.
    plot_train_per_epoch: int = field(default=2, kw_only=True)
    plot_valid_per_epoch: int = field(default=1, kw_only=True)
    training: bool = field(default=True, kw_only=True)  # or validating, as the Trainer sets it
    board: ProgressBoard = field(
        default_factory=ProgressBoard, init=False, repr=False, compare=False
    )

    backend = NAME

    def __call__(self, *inputs):
        return self.forward(*inputs)

    def loss(self, params: Mapping, X: jax.Array, y: jax.Array, state: Any) -> jax.Array | tuple:
        """The loss of the predictions for `X`, a tuple of inputs, against labels `y`.

        A scalar, or a scalar and a dictionary of what else the pass computed, for batch statistics.
        """
        raise NotImplementedError(
            f'{type(self).__name__} must define loss(self, params, X, y, state)'
        )

    def training_step(self, params: Mapping, batch: Sequence[jax.Array], state: Any) -> tuple:
        """The loss of a minibatch, as `loss` returns it, and its gradients."""

        def loss_and_rest(params):
            value = self.loss(params, batch[:-1], batch[-1], state)
            check_loss(self, value[0] if isinstance(value, tuple) else value, 'loss')
            return (value[0], value) if isinstance(value, tuple) else (value, value)

        (loss, value), grads = jax.value_and_grad(loss_and_rest, has_aux=True)(params)
        self.plot('loss', loss, train=True)
        return value, grads

    def validation_step(self, params: Mapping, batch: Sequence[jax.Array], state: Any) -> None:
        """Reports the loss of a validation minibatch."""
        value = self.loss(params, batch[:-1], batch[-1], state)
        self.plot('loss', value[0] if isinstance(value, tuple) else value, train=False)

    def configure_optimizers(self) -> optax.GradientTransformation:
        """Optax's own SGD, with the learning rate `lr`."""
        return optax.sgd(self.required_lr())

    def apply_init(self, dummy_input: Sequence[jax.Array], key: Any) -> Mapping:
        """The initial variables, from a pass over the tuple `dummy_input` and random keys."""
        return self.init(key, *dummy_input)
