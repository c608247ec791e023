"""What a training on NNX consists of, as NumPy arrays: to be saved, moved and restored."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
from flax import nnx

from d2lite_jax.mesh import whole
from d2lite_jax.sharded import (  # noqa: F401
    array_or_part,
    in_jax,
    read_parts,
    state_on_mesh,
    write_parts,
)
from d2lite_jax.state import get_random_state, kinds_of, set_random_state  # noqa: F401
from d2lite_nnx.parameters import build, get_parameters, set_parameters  # noqa: F401

if TYPE_CHECKING:
    from d2lite_nnx.trainer import Trainer


def get_state(trainer: 'Trainer', of_divided: Callable | None = None) -> dict:
    """All that decides how training goes on, exactly as it is.

    `of_divided`: what is made of arrays that are divided between devices; else they are whole.
    """
    trainer.find_variables()
    state = state_on_mesh(trainer) if of_divided else whole(trainer, trainer.state)
    return {'leaves': [array_or_part(leaf, of_divided) for leaf in jax.tree.leaves(state)]}


def set_state(trainer: 'Trainer', state: Any) -> None:
    trainer.find_variables()
    structure = jax.tree.structure(trainer.state)
    trainer.state = jax.tree.unflatten(structure, map(in_jax, state['leaves']))


def shapes(trainer: 'Trainer') -> dict[str, list[int]]:
    """By the keys that lead there: the shapes of the parameters and running statistics."""
    variables = nnx.state(trainer.model, (nnx.Param, nnx.BatchStat))
    return {
        jax.tree_util.keystr(keys): list(leaf.shape)
        for keys, leaf in jax.tree.leaves_with_path(variables)
    }


def optimizer_name(trainer: 'Trainer') -> str:
    """What the optimizer keeps from step to step, in words: in JAX it has no name."""
    optims = trainer.optim if isinstance(trainer.optim, list) else [trainer.optim]
    return kinds_of([each.opt_state for each in optims])
