"""d2lite on PyTorch: `from d2lite import torch as d2l`."""

from d2lite import interface
from d2lite_torch import *  # noqa: F403


def __getattr__(name: str) -> None:
    raise interface.missing('pytorch', name)
