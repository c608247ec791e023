"""d2lite on TensorFlow: `from d2lite import tensorflow as d2l`."""

from d2lite_tensorflow import *  # noqa: F403
