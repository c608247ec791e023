"""The processes of a launch: started, watched, and ended together."""

import collections
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import IO

__all__ = ['Workers', 'ended_by']

SECONDS_TO_FAIL = 2  # after the first: others may be about to tell of the same error
SECONDS_TO_STOP = 30  # after Ctrl-C, for a checkpoint
SECONDS_TO_END = 5  # after SIGTERM
MOST_LINES = 60  # of a process that is silent: told if it fails


class Worker:
    """A process of a launch. The first prints as usual; others are silent, or marked."""

    def __init__(
        self, rank: int, command: Sequence[str], env: dict[str, str], marked: bool
    ) -> None:
        self.rank, self.marked, self.begun = rank, marked, time.monotonic()
        self.last_lines = collections.deque(maxlen=MOST_LINES)
        pipe = subprocess.PIPE if rank > 0 else None
        self.process = subprocess.Popen(
            command,
            env=os.environ | env,
            stdin=subprocess.DEVNULL if rank > 0 else None,
            stdout=pipe,
            stderr=pipe,
            text=True,
            errors='replace',
            start_new_session=True,  # a group of its own, with all that it starts
        )
        self.readers = []
        if rank > 0:
            self._read(self.process.stdout, sys.stdout)
            self._read(self.process.stderr, sys.stderr)

    def _read(self, pipe: IO[str], stream: IO[str]) -> None:
        def read():
            for line in pipe:
                if stream is sys.stderr:
                    self.last_lines.append(line)
                if self.marked:
                    stream.write(f'[{self.rank}] {line}')
                    stream.flush()

        self.readers.append(threading.Thread(target=read, daemon=True))
        self.readers[-1].start()

    def code(self) -> int | None:
        """The exit status, None while it runs, the negative number of the signal that ended it."""
        return self.process.poll()

    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def send(self, number: int) -> None:
        """Sends a signal to the process itself."""
        if self.code() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """Ends the process and all that it has started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Workers:
    """The processes of one launch on this machine."""

    def __init__(self, workers: list[Worker]) -> None:
        self.workers = workers
        self.first_to_fail: Worker | None = None
        self.failed_after = 0.0

    def watch(self) -> int:
        """Waits for all; if one fails, ends the others. Returns the exit status of the launch.

        Ctrl-C goes to all of them, which then stop after the same step. A second one ends them.
        """
        try:
            self._wait(lambda: self._failed() is not None)
            if self.first_to_fail is not None:
                self._wait(lambda: False, SECONDS_TO_FAIL)
        except KeyboardInterrupt:
            self._send(signal.SIGINT)
            try:
                self._wait(lambda: False, SECONDS_TO_STOP)
            except KeyboardInterrupt:
                pass
            self.end()
            return 130
        except BaseException:
            self.end()
            raise
        self.end()
        if self.first_to_fail is None:
            return 0
        code = self.first_to_fail.code()
        return code if code > 0 else 128 - code

    def end(self) -> None:
        """Ends what still runs, with all that it has started."""
        self._send(signal.SIGTERM)
        try:
            self._wait(lambda: False, SECONDS_TO_END)
        finally:
            for worker in self.workers:
                worker.kill()

    def _failed(self) -> Worker | None:
        for worker in self.workers:
            if self.first_to_fail is None and worker.code() not in (None, 0):
                self.first_to_fail, self.failed_after = worker, worker.seconds()
        return self.first_to_fail

    def _wait(self, until: Callable[[], bool], seconds: float = float('inf')) -> None:
        end = time.monotonic() + seconds
        while any(worker.code() is None for worker in self.workers):
            if until() or time.monotonic() > end:
                return
            time.sleep(0.05)
        until()

    def _send(self, number: int) -> None:
        for worker in self.workers:
            worker.send(number)


def ended_by(worker: Worker, seconds: float) -> str:
    """What became of a process that failed, in words."""
    code = worker.code()
    if code < 0:
        how = f'was killed by signal {-code} ({signal.Signals(-code).name})'
    else:
        how = f'ended with exit status {code}'
    return f'the process of rank {worker.rank} {how} after {seconds:.1f} seconds'
