"""d2lite on PyTorch: `from d2lite import torch as d2l`."""

from typing import Any

from d2lite import faces
from d2lite_torch import *  # noqa: F403


def __getattr__(name: str) -> Any:
    return faces.look_up('pytorch', globals(), name)


faces.prepare('pytorch', globals())
