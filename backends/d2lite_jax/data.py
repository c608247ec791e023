"""Data modules that hand out JAX arrays."""

import jax
from jax import numpy as jnp

from d2lite import data
from d2lite_jax.framework import NAME
from d2lite_jax.tensor import numpy


class DataModule(data.DataModule):
    backend = NAME

    @staticmethod
    def take(tensor, rows):
        if not isinstance(rows, slice):
            return jnp.take(tensor, rows, axis=0)
        start, stop, step = rows.indices(len(tensor))
        if step != 1:
            return tensor[rows]
        # The start as data: tensor[start:stop] would compile anew for each place.
        return jax.lax.dynamic_slice_in_dim(tensor, start, stop - start)


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    tensor = staticmethod(jnp.array)
    numpy = staticmethod(numpy)
