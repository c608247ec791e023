"""Gradients that are scaled down, on JAX."""

from typing import Any

import jax
from jax import numpy as jnp


def grad_clipping(grads: Any, theta: float) -> Any:
    """The gradients, a tree of arrays, scaled down so that their norm is at most `theta`."""
    norm = jnp.sqrt(sum(jnp.sum(grad**2) for grad in jax.tree.leaves(grads)))
    scale = jnp.where(norm > theta, theta / norm, 1.0)
    return jax.tree.map(lambda grad: grad * scale, grads)
