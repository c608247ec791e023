"""Tensor functions under the book's names: those of JAX."""

from d2lite.interface import TENSORS
from d2lite_jax.tensor import *  # noqa: F403

__all__ = TENSORS
