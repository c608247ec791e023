"""Helpers of the lessons: a stopwatch, running sums, checks of lengths and shapes."""

import time
from collections.abc import Sequence, Sized
from typing import Any

import numpy as np


class Timer:
    """A stopwatch that keeps every time, in seconds, and starts when it is made."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Starts the stopwatch."""
        self._started = time.perf_counter()

    def stop(self) -> float:
        """The seconds since `start`, added to `times`."""
        self.times.append(time.perf_counter() - self._started)
        return self.times[-1]

    def avg(self) -> float:
        """The mean of the times. Raises ValueError without any."""
        if not self.times:
            raise ValueError('no time to take the mean of: call stop() first')
        return sum(self.times) / len(self.times)

    def sum(self) -> float:
        """The sum of the times."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """The cumulative sums of the times."""
        return np.cumsum(self.times).tolist()


class Accumulator:
    """`n` running sums, such as loss, hits and examples. `metric[i]` is the i-th."""

    def __init__(self, n: int) -> None:
        self.data = [0.0] * n

    def add(self, *values: Any) -> None:
        """Adds a number or a scalar tensor to each sum. Raises ValueError unless there are `n`."""
        if len(values) != len(self.data):
            raise ValueError(f'this Accumulator has {len(self.data)} sums, got {len(values)}')
        self.data = [total + float(value) for total, value in zip(self.data, values, strict=True)]

    def reset(self) -> None:
        """Sets every sum to 0."""
        self.data = [0.0] * len(self.data)

    def __getitem__(self, i: int) -> float:
        return self.data[i]


def check_len(a: Sized, n: int) -> None:
    """Raises AssertionError unless `a` has length `n`."""
    if len(a) != n:
        raise AssertionError(f'expected length {n}, got a {type(a).__name__} of length {len(a)}')


def check_shape(a: Any, shape: Sequence[int]) -> None:
    """Raises AssertionError unless the tensor `a` has shape `shape`."""
    if tuple(a.shape) != tuple(shape):
        raise AssertionError(f'expected shape {tuple(shape)}, got a tensor of {tuple(a.shape)}')
