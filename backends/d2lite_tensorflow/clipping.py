"""Gradients that are scaled down, on TensorFlow."""

from collections.abc import Sequence

import tensorflow as tf


def grad_clipping(grads: Sequence[tf.Tensor | None], theta: float) -> list[tf.Tensor | None]:
    """The gradients, scaled down so that their common norm is at most `theta`.

    A gradient may be None, and stays so: that of a parameter on which the loss does not depend.
    """
    # Of an embedding it comes as rows, one for each use of a token: only their sums have the norm.
    grads = [None if grad is None else tf.convert_to_tensor(grad) for grad in grads]
    norm = tf.linalg.global_norm(grads)
    scale = tf.where(norm > theta, theta / norm, tf.ones_like(norm))
    return [None if grad is None else grad * scale for grad in grads]
