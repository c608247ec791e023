"""Processes of one machine that want the same file: one of them downloads it, the others wait."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows; there each process downloads a whole file of its own
    fcntl = None


@contextlib.contextmanager
def one_process_at_a_time(path: Path) -> Iterator[None]:
    """Within this context no other process of this user and machine is in that of the same path.

    The system takes the lock back when a process ends, however it ends.
    """
    if fcntl is None:
        yield
        return
    # Not beside the file: a folder that machines share may have no locks.
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    lock = Path(tempfile.gettempdir()) / f'd2lite-{os.getuid()}-{digest}.lock'
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
