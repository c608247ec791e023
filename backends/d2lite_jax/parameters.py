"""The parameters of a model on JAX, as NumPy arrays: to be saved, and moved elsewhere."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import Array
from jax import numpy as jnp

from d2lite.saving.layouts import neutral_names
from d2lite.saving.numbering import numbered
from d2lite_jax.gates import neutral_gates, own_gates
from d2lite_jax.mesh import whole


def get_parameters(trainer: Any) -> dict[str, np.ndarray]:
    """The parameters and running statistics by neutral names, in neutral layouts."""
    arrays = _arrays(trainer)
    names = _names(trainer, arrays)
    return neutral_gates({name: np.array(arrays[keys]) for keys, name in names.items()})


def set_parameters(trainer: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
    names, state = _names(trainer, _arrays(trainer)), trainer.state
    arrays = own_gates(arrays, names.values())

    def filled(variables):
        values = {keys: jnp.array(arrays[names[keys]]) for keys in flatten_dict(variables)}
        return unflatten_dict(values)

    trainer.state = state.replace(
        params=filled(state.params), batch_stats=filled(state.batch_stats)
    )


def build(trainer: Any, batch: tuple[Array, ...]) -> None:
    """Nothing to do: the parameters were made from a batch."""


def _arrays(trainer):
    """By keys that lead there: the parameters and running statistics."""
    variables = trainer.state.params, trainer.state.batch_stats
    params, batch_stats = map(flatten_dict, whole(trainer, variables))
    return params | batch_stats


def _names(trainer, arrays):
    """By keys: the neutral name. Flax calls the children of a Sequential layers_0, layers_1, ..."""
    model = trainer.model
    if any(re.search(r'(?<!^layers)_\d+$', key) for keys in arrays for key in keys):
        model = model.bind({'params': trainer.state.params})
    paths, names = {}, defaultdict(list)
    for *before, name in arrays:
        names[tuple(before)].append(name)
    for keys in arrays:
        before = _attributes(model, keys[:-1])
        paths[keys] = '.'.join([*before, neutral_names(names[keys[:-1]])[keys[-1]]])
    names = numbered(paths.values())
    return {keys: names[path] for keys, path in paths.items()}


def _attributes(module, keys):
    """The attributes that lead to the module at `keys`: 'blks' and '0' if blks_0 is in a list."""
    for key in keys:
        name, _, number = key.rpartition('_')
        found = getattr(module, name, None) if number.isdigit() else None
        if isinstance(found, list | tuple):
            yield from [number] if name == 'layers' else [name, number]
            module = found[int(number)]
        else:
            yield re.sub(r'^layers_(\d+)$', r'\1', key)
            module = getattr(module, key, None)
