"""d2lite on JAX: `from d2lite import jax as d2l`."""

from d2lite import interface
from d2lite_jax import *  # noqa: F403


def __getattr__(name: str) -> None:
    raise interface.missing('jax', name)
