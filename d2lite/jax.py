"""d2lite on JAX: `from d2lite import jax as d2l`."""

from typing import Any

from d2lite import faces
from d2lite_jax import *  # noqa: F403


def __getattr__(name: str) -> Any:
    return faces.look_up('jax', globals(), name)


faces.prepare('jax', globals())
