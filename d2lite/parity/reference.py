"""The reference: minibatch SGD in NumPy, in float64, without any of the backends."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from d2lite.parity.tape import Value, gradients

Arrays = dict[str, np.ndarray]


class ReferenceStep(NamedTuple):
    """One step of training: loss and gradients before, the parameters after."""

    loss: float
    gradients: Arrays  # before clipping
    parameters: Arrays


def train(
    loss: Callable[..., Value],
    parameters: Mapping[str, np.ndarray],
    batches: Sequence[tuple[np.ndarray, ...]],
    lr: float,
    gradient_clip_val: float = 0,
) -> list[ReferenceStep]:
    """A ReferenceStep for each of the minibatches.

    `loss(parameters, *batch)` is given the parameters as Values and returns one, a scalar.
    Gradients whose common norm is above `gradient_clip_val` are scaled down to it; 0 leaves them as
    they are.
    """
    steps = []
    for batch in batches:
        values = {name: Value(array) for name, array in parameters.items()}
        value = loss(values, *batch)
        grads = gradients(value, values)
        norm, scale = common_norm(grads), 1
        if 0 < gradient_clip_val < norm:
            scale = gradient_clip_val / norm
        parameters = {name: values[name].array - lr * scale * grads[name] for name in values}
        steps.append(ReferenceStep(float(value.array), grads, parameters))
    return steps


def common_norm(arrays: Mapping[str, np.ndarray]) -> float:
    """The Euclidean norm of all entries of all arrays."""
    return float(np.sqrt(sum(np.sum(array**2) for array in arrays.values())))


def minibatches(
    num_examples: int, batch_size: int, num_epochs: int, seed: list[int]
) -> list[np.ndarray]:
    """The rows of each minibatch: in every epoch a new permutation, cut; the last may be smaller.

    `seed`: a list of integers. Epoch e is permuted by NumPy's generator for [*seed, e].
    """
    batches = []
    for epoch in range(num_epochs):
        order = np.random.default_rng([*seed, epoch]).permutation(num_examples)
        batches += [order[i : i + batch_size] for i in range(0, num_examples, batch_size)]
    return batches
