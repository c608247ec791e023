"""What a training on JAX consists of, as NumPy arrays: to be saved, moved and restored."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import numpy as jnp

from d2lite_jax.mesh import whole
from d2lite_jax.parameters import build, get_parameters, set_parameters  # noqa: F401

if TYPE_CHECKING:
    from d2lite_jax.trainer import Trainer


def get_state(trainer: 'Trainer') -> dict:
    """All that decides how training goes on, exactly as it is."""
    state = whole(trainer, trainer.state).replace(loss_scale=None)
    return {
        'leaves': [np.array(leaf) for leaf in jax.tree.leaves(state)],
        'loss_scale': [np.array(leaf) for leaf in jax.tree.leaves(trainer.state.loss_scale)],
    }


def set_state(trainer: 'Trainer', state: Any) -> None:
    scale = trainer.state.loss_scale
    if scale is not None and state['loss_scale']:
        scale = jax.tree.unflatten(jax.tree.structure(scale), map(jnp.array, state['loss_scale']))
    leaves, structure = jax.tree.flatten(trainer.state.replace(loss_scale=None))
    restored = [
        saved.item() if isinstance(leaf, int) else jnp.array(saved)  # the count of steps is an int
        for leaf, saved in zip(leaves, state['leaves'], strict=True)
    ]
    trainer.state = jax.tree.unflatten(structure, restored).replace(loss_scale=scale)


def optimizer_name(trainer: 'Trainer') -> str:
    """What the optimizer keeps from step to step, in words: in JAX it has no name."""
    return kinds_of(trainer.state.opt_state)


def get_random_state() -> dict:
    return {}  # JAX has none: its keys are part of the state


def set_random_state(state: Any) -> None:
    pass


def kinds_of(opt_state: Any) -> str:
    """The names of the states that an optimizer of Optax is made of; plain SGD has none."""
    return ', '.join(_kinds(opt_state)) or 'SGD'


def _kinds(opt_state):
    """The names of the states that an optimizer is made of, but for empty ones."""
    if getattr(opt_state, '_fields', ()):
        yield type(opt_state).__name__
    for part in opt_state if isinstance(opt_state, tuple | list) else ():
        yield from _kinds(part)
