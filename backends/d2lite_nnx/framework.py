"""Flax NNX on JAX, imported in the state that d2lite needs: as they come."""

from flax import nnx

from d2lite_jax.framework import (  # noqa: F401
    cuda_version,
    device_names,
    get_key,
    get_seed,
    version,
)

NAME = 'nnx'


def rngs_or_new(rngs: nnx.Rngs | None) -> nnx.Rngs:
    """The streams of random keys `rngs`; if None, new ones, repeatable after `seed_everything`."""
    return nnx.Rngs(get_seed()) if rngs is None else rngs
