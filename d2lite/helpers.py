"""Small things that lessons call: a stopwatch, sums, checks of lengths and shapes."""

import time

import numpy as np

__all__ = ['Accumulator', 'Timer', 'check_len', 'check_shape']


class Timer:
    """A stopwatch that remembers every time, in seconds. It runs from the moment it is made."""

    def __init__(self):
        self.times = []
        self.start()

    def start(self):
        self._started = time.perf_counter()

    def stop(self):
        """The seconds since `start`, which are remembered in `times`."""
        self.times.append(time.perf_counter() - self._started)
        return self.times[-1]

    def avg(self):
        if not self.times:
            raise ValueError('no time to take the mean of: call stop() first')
        return sum(self.times) / len(self.times)

    def sum(self):
        return sum(self.times)

    def cumsum(self):
        """The seconds that had passed in all after each time, a list."""
        return np.cumsum(self.times).tolist()


class Accumulator:
    """`n` sums that grow together, such as loss, hits and examples. `metric[i]` is the i-th."""

    def __init__(self, n):
        self.data = [0.0] * n

    def add(self, *values):
        """Adds a number, or a scalar tensor, to each sum."""
        if len(values) != len(self.data):
            raise ValueError(f'this Accumulator has {len(self.data)} sums, got {len(values)}')
        self.data = [total + float(value) for total, value in zip(self.data, values, strict=True)]

    def reset(self):
        self.data = [0.0] * len(self.data)

    def __getitem__(self, i):
        return self.data[i]


def check_len(a, n):
    """Raises AssertionError unless `a` has length `n`."""
    if len(a) != n:
        raise AssertionError(f'expected length {n}, got a {type(a).__name__} of length {len(a)}')


def check_shape(a, shape):
    """Raises AssertionError unless the tensor `a` has shape `shape`."""
    if tuple(a.shape) != tuple(shape):
        raise AssertionError(f'expected shape {tuple(shape)}, got a tensor of {tuple(a.shape)}')
