"""Minibatches of any structure: tuples and lists of tensors, nested ones, dictionaries."""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ['inputs_of', 'map_batch', 'tensors_of']


def map_batch(function: Callable, batch: Any) -> Any:
    """A batch of the same structure, with `function` of each of its tensors."""
    if isinstance(batch, Mapping):
        return {name: map_batch(function, each) for name, each in batch.items()}
    if isinstance(batch, list | tuple):
        return tuple(map_batch(function, each) for each in batch)
    return function(batch)


def tensors_of(batch: Any) -> list:
    """The tensors of a batch, in order."""
    tensors = []
    map_batch(tensors.append, batch)
    return tensors


def inputs_of(batch: Any) -> tuple:
    """The inputs of a batch, all but the last; a dictionary is one input as a whole."""
    return (batch,) if isinstance(batch, Mapping) else tuple(batch[:-1])
