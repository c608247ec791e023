"""d2lite on MXNet: `from d2lite import mxnet as d2l`."""

from d2lite import interface
from d2lite_mxnet import *  # noqa: F403


def __getattr__(name: str) -> None:
    raise interface.missing('mxnet', name)
