"""d2lite on TensorFlow: `from d2lite import tensorflow as d2l`."""

from typing import Any

from d2lite import faces
from d2lite_tensorflow import *  # noqa: F403


def __getattr__(name: str) -> Any:
    return faces.look_up('tensorflow', globals(), name)


faces.prepare('tensorflow', globals())
