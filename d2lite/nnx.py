"""d2lite on Flax NNX: `from d2lite import nnx as d2l`."""

from typing import Any

from d2lite import faces
from d2lite_nnx import *  # noqa: F403


def __getattr__(name: str) -> Any:
    return faces.look_up('nnx', globals(), name)


faces.prepare('nnx', globals())
