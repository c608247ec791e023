"""d2lite on PyTorch: `from d2lite import torch as d2l`."""

from d2lite_torch import *  # noqa: F403
