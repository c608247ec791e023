"""What a training on NNX consists of, as NumPy arrays: to be saved, moved and restored."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import numpy as jnp

from d2lite_jax.mesh import whole
from d2lite_jax.state import get_random_state, kinds_of, set_random_state  # noqa: F401
from d2lite_nnx.parameters import build, get_parameters, set_parameters  # noqa: F401

if TYPE_CHECKING:
    from d2lite_nnx.trainer import Trainer


def get_state(trainer: 'Trainer') -> dict:
    """All that decides how training goes on, exactly as it is."""
    trainer.find_variables()
    return {'leaves': [np.array(leaf) for leaf in jax.tree.leaves(whole(trainer, trainer.state))]}


def set_state(trainer: 'Trainer', state: Any) -> None:
    trainer.find_variables()
    structure = jax.tree.structure(trainer.state)
    trainer.state = jax.tree.unflatten(structure, map(jnp.array, state['leaves']))


def optimizer_name(trainer: 'Trainer') -> str:
    """What the optimizer keeps from step to step, in words: in JAX it has no name."""
    optims = trainer.optim if isinstance(trainer.optim, list) else [trainer.optim]
    return kinds_of([each.opt_state for each in optims])
