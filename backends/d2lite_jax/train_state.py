"""What a training on JAX carries from step to step, and what is asked of it."""

from typing import TYPE_CHECKING, Any

import jax
import optax
from flax.training import train_state
from jax import numpy as jnp

from d2lite_jax import precision

if TYPE_CHECKING:
    from d2lite_jax.module import Module


class TrainState(train_state.TrainState):
    """Parameters, optimizer state, batch statistics ({} without) and the random key of dropout.

    In a training step the key is that of the step. `loss_scale` is None but in '16-mixed'.
    """

    batch_stats: Any
    dropout_rng: jax.Array
    loss_scale: precision.LossScale | None = None


def checked(model: 'Module', result: Any) -> tuple:
    """What `training_step` returned, if that is a pair. Raises TypeError otherwise."""
    if not isinstance(result, tuple) or len(result) != 2:
        what = 'nothing' if result is None else f'a {type(result).__name__}'
        raise TypeError(
            f'{type(model).__name__}.training_step() returned {what}: it must return a pair, the '
            f'loss of the minibatch and its gradients, as jax.value_and_grad gives them'
        )
    return result


def learning_rates(opt_state: Any) -> list:
    """The learning rates in the state of an optimizer, from its `inject_hyperparams`."""
    return [rate for _, rate in optax.tree.get_all_with_path(opt_state, 'learning_rate')]


def shapes_of(tree: Any) -> Any:
    """The same tree with the shape of each array."""
    return jax.tree.map(jnp.shape, tree)
