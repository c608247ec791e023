"""Processes that cannot be reached: how that is noticed, and told in one sentence."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator

__all__ = ['ProcessesLost', 'in_one_sentence', 'joining', 'lost', 'sentence', 'timeout']

TIMEOUT = 'D2LITE_TIMEOUT'


class ProcessesLost(RuntimeError):
    """The other processes cannot be reached: one has died, or has never been there."""


def timeout() -> float:
    """The seconds after which a process that does not answer counts as lost; see D2LITE_TIMEOUT."""
    return float(os.environ.get(TIMEOUT, 60))


def sentence(rank: int, size: int) -> str:
    """The sentence by which a process tells that it cannot reach the others."""
    return (
        f'rank {rank} cannot reach the other processes ({size} in all): one of them has ended, was '
        f'not started, or has not answered for {timeout():g} seconds (D2LITE_TIMEOUT)'
    )


@contextlib.contextmanager
def lost(rank: int, size: int, tells: Callable[[Exception], bool]) -> Iterator[None]:
    """Turns errors into ProcessesLost; `tells(error)`: whether an error tells of a lost process."""
    try:
        yield
    except ProcessesLost:
        raise
    except Exception as error:
        if not tells(error):
            raise
        raise ProcessesLost(sentence(rank, size)) from error


@contextlib.contextmanager
def joining(rank: int, size: int, at_end: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Ends this process with one sentence, after `at_end()`, if the others do not come in time.

    For an engine that aborts within its own code, with pages that say less, or waits for ever.
    """

    def give_up():
        print(f'{ProcessesLost.__name__}: {sentence(rank, size)}', file=sys.stderr, flush=True)
        at_end()
        os._exit(1)

    timer = threading.Timer(timeout(), give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def in_one_sentence() -> None:
    """Has Python tell of lost processes without a traceback: where it was noticed says nothing."""
    before = sys.excepthook

    def hook(kind, error, traceback):
        if issubclass(kind, ProcessesLost):
            print(f'{kind.__name__}: {error}', file=sys.stderr)
        else:
            before(kind, error, traceback)

    sys.excepthook = hook
