"""Minibatches of any structure: tuples and lists of tensors, nested ones, dictionaries."""

from collections.abc import Callable, Mapping
from numbers import Number
from typing import Any

__all__ = ['as_tensors', 'inputs_of', 'map_batch', 'num_examples', 'tensors_of']


def map_batch(function: Callable, batch: Any) -> Any:
    """A batch of the same structure, with `function` of each of its tensors."""
    if isinstance(batch, Mapping):
        return {name: map_batch(function, each) for name, each in batch.items()}
    if hasattr(batch, '_fields'):  # a named tuple
        return type(batch)(*(map_batch(function, each) for each in batch))
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


def num_examples(batch: Any) -> int:
    """The number of examples in a batch: the length of its first tensor."""
    first = batch[0] if isinstance(batch, list | tuple) and batch else batch
    if shape := getattr(first, 'shape', ()):  # as most batches are, and quickly found
        return int(shape[0])
    shapes = [tuple(getattr(tensor, 'shape', ())) for tensor in tensors_of(batch)]
    return next((int(shape[0]) for shape in shapes if shape), 1)


def as_tensors(batch: Any, is_tensor: Callable, as_tensor: Callable) -> Any:
    """The batch of any loader with the framework's tensors.

    Arrays of NumPy, tensors of other frameworks, and lists of numbers become tensors. What is none
    of these, a text, say, stays as it is, for a lesson's own `prepare_batch`.
    """

    if all(map(is_tensor, tensors_of(batch))):
        return batch

    def converted(value):
        if is_tensor(value):
            return value
        return as_tensor(value) if _has_numbers(value) else value

    if isinstance(batch, list | tuple) and not hasattr(batch, '_fields'):
        return tuple(_with_lists(each, converted, as_tensor) for each in batch)
    return map_batch(converted, batch)


def _with_lists(value, converted, as_tensor):
    """An entry of a batch, in which lists of numbers become tensors too."""
    if isinstance(value, list | tuple) and _shape(value) is not None:
        return as_tensor(value)
    if isinstance(value, list):
        return tuple(_with_lists(each, converted, as_tensor) for each in value)
    return map_batch(converted, value)


def _has_numbers(value):
    # Only NumPy has arrays of other things, and kinds of types.
    kind = getattr(getattr(value, 'dtype', None), 'kind', 'f')
    return hasattr(value, 'shape') and hasattr(value, 'dtype') and kind not in 'OUS'


def _shape(value):
    """The shape of a list of numbers, or of such lists; None for what is something else."""
    if isinstance(value, Number):
        return ()
    if not isinstance(value, list | tuple) or not value:
        return None
    first, *others = map(_shape, value)
    same = first is not None and all(other == first for other in others)
    return (len(value), *first) if same else None
