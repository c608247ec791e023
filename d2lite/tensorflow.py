"""d2lite on TensorFlow: `from d2lite import tensorflow as d2l`."""

from d2lite import interface
from d2lite_tensorflow import *  # noqa: F403


def __getattr__(name: str) -> None:
    raise interface.missing('tensorflow', name)
