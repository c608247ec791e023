"""The seconds of an epoch, and those in which its steps were compiled."""

import contextlib
import time
from collections.abc import Iterator

__all__ = ['EpochTimes']


class EpochTimes:
    """Measures the epochs of one `fit`. What is compiled before an epoch counts to it as well.

    So does what prepares the training: most of that is compiling, too.
    """

    def __init__(self) -> None:
        self.compiled = 0.0  # seconds of compiling that no epoch has told of yet
        self.compiles = False  # True within `compiling`
        self.prepared = False  # True once an epoch has begun
        self.created = time.perf_counter()

    def begin(self) -> None:
        """Begins an epoch."""
        self.started = time.perf_counter()
        if not self.prepared:
            self.compiled, self.prepared = self.started - self.created, True
        self.compiled_before = self.compiled

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        """Within this context something is compiled; one within another counts once."""
        if self.compiles:
            yield
            return
        started, self.compiles = time.perf_counter(), True
        try:
            yield
        finally:
            self.compiles = False
            self.compiled += time.perf_counter() - started

    def end(self) -> dict[str, float]:
        """Ends an epoch: `seconds` without compiling, and `compile_seconds`."""
        within = self.compiled - self.compiled_before
        seconds, compiled = time.perf_counter() - self.started - within, self.compiled
        self.compiled = 0.0
        return {'seconds': seconds, 'compile_seconds': compiled}
