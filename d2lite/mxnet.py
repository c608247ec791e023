"""d2lite on MXNet: `from d2lite import mxnet as d2l`."""

from d2lite_mxnet import *  # noqa: F403
