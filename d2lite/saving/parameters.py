"""Parameters, to disk and back: with neutral names and layouts, they move between frameworks."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from d2lite.saving import storage

Arrays = dict[str, np.ndarray]  # parameters by their neutral names


def save_parameters(trainer: Any, path: str | os.PathLike) -> None:
    """Writes the parameters of a trained model to `path`."""
    arrays = trainer.serialization.get_parameters(trainer)
    values = {'backend': trainer.backend}
    trainer.on_first(lambda: storage.write(path, 'parameters', arrays, values))


def load_parameters(path: str | os.PathLike) -> Arrays:
    """The arrays that `save_parameters` wrote, by name. Raises FileError."""
    arrays, _ = storage.read(path, 'parameters')
    return arrays


def matched(given: Mapping[str, Any], wanted: Arrays, source: Any) -> Arrays:
    """`given`, if it has the names and shapes of `wanted`; else ValueError lists what differs."""
    given = {name: np.asarray(array) for name, array in given.items()}
    problems = [f'missing: {name} {wanted[name].shape}' for name in wanted if name not in given]
    problems += [f'unknown: {name} {given[name].shape}' for name in given if name not in wanted]
    problems += [
        f'{name} has shape {given[name].shape}, the model {wanted[name].shape}'
        for name in wanted
        if name in given and given[name].shape != wanted[name].shape
    ]
    if problems:
        raise ValueError(f'{source} does not fit the model:\n  ' + '\n  '.join(problems))
    return given
