"""Random numbers that are the same on every backend.

What has to agree between the frameworks (synthetic data, the order of minibatches, the initial
weights of our scratch models) is drawn with NumPy. Each purpose has a stream of its own, so that
making the data before or after the model changes neither.
"""

import random
from collections.abc import Callable

import numpy as np

__all__ = ['initial_normal', 'next_seed', 'seed_everything', 'seed_framework_with']

_PURPOSES = ('data', 'parameters', 'keys')

_seed: int | None = None  # None: nobody has asked for repeatable numbers
_streams: dict[str, np.random.Generator] = {}
_framework_seeders: list[Callable[[int], None]] = []


def seed_everything(seed: int) -> None:
    """Makes what follows repeatable: Python, NumPy, d2lite's data and models, and the frameworks.

    `seed` is an integer from 0 to 2**32 - 1. A framework loaded later is seeded when it comes.
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
    """Called once by each backend: how `seed_everything` is to seed its framework."""
    _framework_seeders.append(seed_framework)
    if _seed is not None:
        seed_framework(_seed)


def next_seed(purpose: str) -> int:
    """The next seed for `purpose`: 'data', 'parameters' or 'keys'."""
    if not _streams:
        _start_streams()
    return int(_streams[purpose].integers(2**31))


def get_state() -> dict:
    """Where the streams are."""
    if not _streams:
        _start_streams()
    streams = {purpose: stream.bit_generator.state for purpose, stream in _streams.items()}
    return {'seed': _seed, 'streams': streams}


def set_state(state: dict) -> None:
    """Puts the streams back where `get_state` found them."""
    global _seed
    _seed = state['seed']
    _start_streams()
    for purpose, stream in state['streams'].items():
        _streams[purpose].bit_generator.state = stream


def initial_normal(seed: int, scale: float, shape: tuple[int, ...]) -> np.ndarray:
    """Normal float32 numbers of mean 0 and standard deviation `scale`, the same everywhere."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


def _start_streams() -> None:
    # Without a seed each stream starts from the operating system's entropy.
    for stream, purpose in enumerate(_PURPOSES):
        entropy = None if _seed is None else [_seed, stream]
        _streams[purpose] = np.random.default_rng(entropy)
