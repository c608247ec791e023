"""What a training on JAX consists of, as NumPy arrays: to be saved, moved and restored."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import numpy as jnp

from d2lite_jax.parameters import build, get_parameters, set_parameters  # noqa: F401

if TYPE_CHECKING:
    from d2lite_jax.trainer import Trainer


def get_state(trainer: 'Trainer') -> dict:
    """All that decides how training goes on, exactly as it is."""
    return {'leaves': [np.array(leaf) for leaf in jax.tree.leaves(trainer.state)]}


def set_state(trainer: 'Trainer', state: Any) -> None:
    leaves, structure = jax.tree.flatten(trainer.state)
    restored = [
        saved.item() if isinstance(leaf, int) else jnp.array(saved)  # the count of steps is an int
        for leaf, saved in zip(leaves, state['leaves'], strict=True)
    ]
    trainer.state = jax.tree.unflatten(structure, restored)


def get_random_state() -> dict:
    return {}  # JAX has none: its keys are part of the state


def set_random_state(state: Any) -> None:
    pass
