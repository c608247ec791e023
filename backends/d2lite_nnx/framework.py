"""Flax NNX on JAX, imported in the state that d2lite needs: as they come."""

import flax
import jax
import optax
from flax import nnx

from d2lite_jax.framework import (  # noqa: F401
    cuda_version,
    device_names,
    get_key,
    get_seed,
)

NAME = 'nnx'


def version() -> str:
    """The releases of JAX, Flax and Optax, e.g. '0.10.2 (flax.nnx 0.12.8, optax 0.2.8)'."""
    return f'{jax.__version__} (flax.nnx {flax.__version__}, optax {optax.__version__})'


def rngs_or_new(rngs: nnx.Rngs | None) -> nnx.Rngs:
    """The streams of random keys `rngs`; if None, new ones, repeatable after `seed_everything`."""
    return nnx.Rngs(get_seed()) if rngs is None else rngs
