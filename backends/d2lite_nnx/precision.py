"""Precision on NNX: TF32 or not, as on JAX."""

from typing import TYPE_CHECKING

from d2lite.training.precision import HALF
from d2lite_jax.precision import in_float64, settings  # noqa: F401

if TYPE_CHECKING:
    from d2lite_nnx.module import Module
    from d2lite_nnx.trainer import Trainer


def refusal(trainer: 'Trainer', model: 'Module | None') -> str:
    """Why this training cannot have its precision; '' if it can."""
    if trainer.precision in HALF:
        dtype = HALF[trainer.precision]
        return f'a layer of NNX is told in which type it computes, e.g. dtype=jnp.{dtype}'
    return ''


def prepare(trainer: 'Trainer') -> None:
    """Nothing to do."""
