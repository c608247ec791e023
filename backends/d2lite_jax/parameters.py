"""The parameters of a model on JAX, as NumPy arrays: to be saved, and moved elsewhere."""

import re

import jax
import numpy as np
from jax import numpy as jnp

from d2lite.saving.layouts import neutral_name

CHILD = re.compile(r'layers_(\d+)')  # of a Sequential


def get_parameters(trainer):
    """The parameters and running statistics under the names and layouts of d2lite/layouts.py."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(_variables(trainer))
    names = _names(leaves)
    return {names[path]: np.array(leaf) for path, leaf in leaves}


def set_parameters(trainer, arrays):
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
    leaves, structure = jax.tree_util.tree_flatten_with_path(_variables(trainer))
    names = _names(leaves)
    values = [jnp.array(arrays[names[path]]) for path, _ in leaves]
    params, batch_stats = jax.tree.unflatten(structure, values)
    trainer.state = trainer.state.replace(params=params, batch_stats=batch_stats)


def build(trainer, batch):
    """Nothing to do: the parameters were made from a batch."""


def _variables(trainer):
    return trainer.state.params, trainer.state.batch_stats


def _names(leaves):
    """By path of a leaf: its name, with a Sequential's children by their rank among those there."""
    keys = {path: [str(entry.key) for entry in path[1:]] for path, _ in leaves}
    children = {}  # by the keys before it: the numbers of a Sequential's children
    for each in keys.values():
        for depth, key in enumerate(each):
            if match := CHILD.fullmatch(key):
                children.setdefault(tuple(each[:depth]), set()).add(int(match[1]))
    ranks = {
        (*before, f'layers_{number}'): str(rank)
        for before, found in children.items()
        for rank, number in enumerate(sorted(found))
    }
    return {
        path: '.'.join(
            [
                *(ranks.get(tuple(each[: depth + 1]), key) for depth, key in enumerate(each[:-1])),
                neutral_name(each[-1]),
            ]
        )
        for path, each in keys.items()
    }
