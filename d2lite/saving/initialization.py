"""Initial parameters that are the same on every backend."""

from collections.abc import Callable

import numpy as np

from d2lite.seeds import next_seed

Arrays = dict[str, np.ndarray]

ONES = ('weight', 'running_var')  # parameters of a normalisation that start at 1


def xavier_uniform(seed: int | None = None) -> Callable[[Arrays], Arrays]:
    """Initial parameters for `Trainer.fit(..., init_params=...)`, the same on every backend.

    Weights of dense and convolutional layers are uniform between plus and minus the square root of
    6 / (inputs + outputs), where a convolution has (height * width * channels) of each. Biases are
    0, the scales of a normalisation 1. `seed`: by default the library's next one. Source: Glorot
    and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    seed = next_seed('parameters') if seed is None else seed

    def init_params(parameters: Arrays) -> Arrays:
        rng = np.random.default_rng(seed)
        # In the order of the names: the frameworks list parameters in orders of their own.
        return {name: _initial(name, parameters[name], rng) for name in sorted(parameters)}

    return init_params


def _initial(name: str, parameter: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    shape = parameter.shape
    if len(shape) >= 2:  # (..., in, out), see d2lite/saving/layouts.py
        field = int(np.prod(shape[:-2]))
        bound = np.sqrt(6 / (field * (shape[-2] + shape[-1])))
        return rng.uniform(-bound, bound, shape).astype(parameter.dtype)
    return np.full(shape, name.rpartition('.')[2] in ONES, parameter.dtype)
