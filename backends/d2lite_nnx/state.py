"""What a training on NNX consists of, as NumPy arrays: to be saved, moved and restored."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax import numpy as jnp

from d2lite_jax.state import get_random_state, kinds_of, set_random_state  # noqa: F401
from d2lite_nnx.parameters import build, get_parameters, set_parameters  # noqa: F401

if TYPE_CHECKING:
    from d2lite_nnx.trainer import Trainer


def get_state(trainer: 'Trainer') -> dict:
    """All that decides how training goes on, exactly as it is."""
    trainer.find_variables()
    return {'leaves': [_as_array(leaf) for leaf in jax.tree.leaves(trainer.state)]}


def set_state(trainer: 'Trainer', state: Any) -> None:
    trainer.find_variables()
    leaves, structure = jax.tree.flatten(trainer.state)
    restored = [_like(leaf, saved) for leaf, saved in zip(leaves, state['leaves'], strict=True)]
    trainer.state = jax.tree.unflatten(structure, restored)


def optimizer_name(trainer: 'Trainer') -> str:
    """What the optimizer keeps from step to step, in words: in JAX it has no name."""
    return kinds_of(trainer.optim.opt_state)


def _is_key(leaf):
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _as_array(leaf):
    """A leaf as NumPy array; a random key as the numbers that it consists of."""
    return np.array(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _like(leaf, array):
    """The inverse of `_as_array`, for what was like `leaf`."""
    if _is_key(leaf):
        return jax.random.wrap_key_data(jnp.array(array), impl=jax.random.key_impl(leaf))
    return jnp.array(array)
