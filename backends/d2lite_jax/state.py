"""What a training on JAX consists of, as NumPy arrays: to be saved, moved and restored."""

import jax
import numpy as np
from jax import numpy as jnp


def get_parameters(trainer):
    """The parameters by neutral names: those of their attributes, and weights as (in, out)."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(trainer.state.params)
    return {_neutral(path): np.array(leaf) for path, leaf in leaves}


def set_parameters(trainer, arrays):
    """Gives the parameters the values, and the dtypes, of arrays under neutral names."""
    params = jax.tree_util.tree_map_with_path(
        lambda path, leaf: jnp.array(arrays[_neutral(path)]), trainer.state.params
    )
    trainer.state = trainer.state.replace(params=params)


def build(trainer, batch):
    """Nothing to do: the parameters were made from a batch."""


def get_state(trainer):
    """All that decides how training goes on, exactly as it is."""
    return {'leaves': [np.array(leaf) for leaf in jax.tree.leaves(trainer.state)]}


def set_state(trainer, state):
    leaves, structure = jax.tree.flatten(trainer.state)
    restored = [
        saved.item() if isinstance(leaf, int) else jnp.array(saved)  # the count of steps is an int
        for leaf, saved in zip(leaves, state['leaves'], strict=True)
    ]
    trainer.state = jax.tree.unflatten(structure, restored)


def get_random_state():
    return {}  # JAX has none: its keys are part of the state


def set_random_state(state):
    pass


def _neutral(path):
    names = [str(entry.key) for entry in path]
    # Flax calls the weight of a dense layer its kernel.
    return '.'.join([*names[:-1], 'weight' if names[-1] == 'kernel' else names[-1]])
