"""d2lite on Flax NNX: `from d2lite import nnx as d2l`."""

from d2lite_nnx import *  # noqa: F403

from d2lite import interface


def __getattr__(name: str) -> None:
    raise interface.missing('nnx', name)
