"""What a training on JAX consists of, as NumPy arrays: to be saved, moved and restored."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import numpy as jnp

from d2lite_jax.mesh import whole
from d2lite_jax.parameters import build, get_parameters, set_parameters  # noqa: F401
from d2lite_jax.sharded import (  # noqa: F401
    array_or_part,
    in_jax,
    read_parts,
    state_on_mesh,
    write_parts,
)

if TYPE_CHECKING:
    from d2lite_jax.trainer import Trainer


def get_state(trainer: 'Trainer', of_divided: Callable | None = None) -> dict:
    """All that decides how training goes on, exactly as it is.

    `of_divided`: what is made of arrays that are divided between devices; else they are whole.
    """
    state = state_on_mesh(trainer) if of_divided else whole(trainer, trainer.state)
    leaves = jax.tree.leaves(state.replace(loss_scale=None))
    return {
        'leaves': [array_or_part(leaf, of_divided) for leaf in leaves],
        'loss_scale': [np.array(leaf) for leaf in jax.tree.leaves(trainer.state.loss_scale)],
    }


def set_state(trainer: 'Trainer', state: Any) -> None:
    scale = trainer.state.loss_scale
    if scale is not None and state['loss_scale']:
        scale = jax.tree.unflatten(jax.tree.structure(scale), map(jnp.array, state['loss_scale']))
    leaves, structure = jax.tree.flatten(trainer.state.replace(loss_scale=None))
    restored = [
        saved.item() if isinstance(leaf, int) else in_jax(saved)  # the count of steps is an int
        for leaf, saved in zip(leaves, state['leaves'], strict=True)
    ]
    trainer.state = jax.tree.unflatten(structure, restored).replace(loss_scale=scale)


def shapes(trainer: 'Trainer') -> dict[str, list[int]]:
    """By the keys that lead there: the shapes of the parameters and running statistics."""
    variables = trainer.state.params, trainer.state.batch_stats
    return {
        jax.tree_util.keystr(keys): list(leaf.shape)
        for keys, leaf in jax.tree.leaves_with_path(variables)
    }


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
