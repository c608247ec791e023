"""Random numbers that are the same on every backend.

Synthetic data, the order of minibatches and the initial weights of scratch models must agree
between the frameworks, so they are drawn with NumPy. Each purpose has a stream of its own: making
the data before or after the model changes neither.
"""

import os
import random
from collections.abc import Callable

import numpy as np

_PURPOSES = ('data', 'parameters', 'keys', 'search')

_seed: int | None = None  # None until seed_everything is called
_streams: dict[str, np.random.Generator] = {}
_framework_seeders: list[Callable[[int], None]] = []


def seed_everything(seed: int) -> None:
    """Seeds Python, NumPy, d2lite's data and models, and the frameworks.

    `seed`: an integer from 0 to 2**32 - 1. A framework loaded later is seeded when it is loaded.
    Raises ValueError for anything else.
    """
    global _seed
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise ValueError(f'seed must be an integer from 0 to 2**32 - 1, got {seed!r}')
    _seed = int(seed)
    random.seed(_seed)
    np.random.seed(_seed)
    _start_streams()
    for seed_framework in _framework_seeders:
        seed_framework(_seed)


def seed_framework_with(seed_framework: Callable[[int], None]) -> None:
    """Registers the function by which `seed_everything` seeds a framework."""
    _framework_seeders.append(seed_framework)
    if _seed is not None:
        seed_framework(_seed)


def next_seed(purpose: str) -> int:
    """The next seed for `purpose`: 'data', 'parameters', 'keys' or 'search'."""
    return int(_streams[purpose].integers(2**31))


def get_state() -> dict:
    """The state of the streams, for `set_state`."""
    streams = {purpose: stream.bit_generator.state for purpose, stream in _streams.items()}
    return {'seed': _seed, 'streams': streams}


def set_state(state: dict) -> None:
    """Restores the streams from what `get_state` returned."""
    global _seed
    _seed = state['seed']
    _start_streams()
    for purpose, stream in state['streams'].items():
        _streams[purpose].bit_generator.state = stream


def initial_normal(seed: int, scale: float, shape: tuple[int, ...]) -> np.ndarray:
    """Normal float32 numbers of mean 0 and standard deviation `scale`, the same everywhere."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def _start_streams() -> None:
    # Without a seed NumPy takes entropy from the operating system.
    for stream, purpose in enumerate(_PURPOSES):
        entropy = None if _seed is None else [_seed, stream]
        _streams[purpose] = np.random.default_rng(entropy)


_start_streams()
if os.environ.get('D2LITE_SEED', '').isdigit():  # d2lite launch: all processes begin alike
    seed_everything(int(os.environ['D2LITE_SEED']))
