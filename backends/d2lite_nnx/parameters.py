"""The parameters of a model on NNX, as NumPy arrays: to be saved, and moved elsewhere."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax import Array
from jax import numpy as jnp

from d2lite.saving.layouts import neutral_names
from d2lite.saving.numbering import numbered
from d2lite.training.batches import inputs_of
from d2lite_jax.mesh import whole
from d2lite_nnx.gates import neutral_gates, own_gates


def get_parameters(trainer: Any) -> dict[str, np.ndarray]:
    """The parameters and running statistics by neutral names, in neutral layouts."""
    arrays = {name: each.get_value() for name, each in _variables(trainer)}
    return neutral_gates(jax.tree.map(np.array, whole(trainer, arrays)))


def set_parameters(trainer: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Gives the parameters the values, and the dtypes, of arrays as `get_parameters` has them."""
    variables = dict(_variables(trainer))
    arrays = own_gates(arrays, variables)
    for name, variable in variables.items():
        variable.set_value(jnp.array(arrays[name]))


def build(trainer: Any, batch: tuple[Array, ...]) -> None:
    """Makes layers that are still to learn the sizes of their inputs."""
    trainer.model.apply_init(inputs_of(batch))


def _variables(trainer) -> Iterator[tuple[str, nnx.Variable]]:
    """(neutral name, variable) of all parameters and running statistics."""
    kinds = nnx.Param, nnx.BatchStat
    found = dict(nnx.to_flat_state(nnx.variables(trainer.model, kinds)))
    paths, names = {}, defaultdict(list)
    for *before, name in found:
        names[tuple(before)].append(str(name))
    for keys in found:
        before = _attributes(trainer.model, keys[:-1])
        paths[keys] = '.'.join([*before, neutral_names(names[keys[:-1]])[str(keys[-1])]])
    numbers = numbered(paths.values())
    for keys, variable in found.items():
        yield numbers[paths[keys]], variable


def _attributes(module, keys) -> Iterator[str]:
    """The names that lead to the module at `keys`; of a Sequential only the number of a layer."""
    for key in keys:
        if not (isinstance(module, nnx.Sequential) and key == 'layers'):
            yield str(key)
        module = module[key] if isinstance(key, int) else getattr(module, key)
