"""Precision on NNX: TF32 or not, as on JAX."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import jax

from d2lite.training.precision import HALF
from d2lite_jax import precision
from d2lite_jax.precision import in_float64  # noqa: F401

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


@contextlib.contextmanager
def settings(trainer: 'Trainer') -> Iterator[None]:
    """JAX's settings for the trainer's precision; afterwards they are as before."""
    with precision.settings(trainer):
        yield
    jax.effects_barrier()  # what a lesson's own program plots has arrived: see Module.plot
