"""d2lite on MXNet: `from d2lite import mxnet as d2l`."""

from typing import Any

from d2lite import faces
from d2lite_mxnet import *  # noqa: F403


def __getattr__(name: str) -> Any:
    return faces.look_up('mxnet', globals(), name)


faces.prepare('mxnet', globals())
