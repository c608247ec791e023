"""What the NVIDIA driver tells about the GPUs of this machine, without any framework."""

import subprocess
from typing import NamedTuple

__all__ = ['Gpu', 'gpus']

QUERY = ['nvidia-smi', '--query-gpu=name,memory.total,driver_version', '--format=csv,noheader']


class Gpu(NamedTuple):
    name: str
    memory: str
    driver: str

    def __str__(self) -> str:
        return f'{self.name}, {self.memory}, driver {self.driver}'


def gpus() -> list[Gpu]:
    """The GPUs that `nvidia-smi` finds, [] where it finds none or is not there itself."""
    try:
        found = subprocess.run(QUERY, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if found.returncode:
        return []
    return [Gpu(*map(str.strip, line.split(','))) for line in found.stdout.splitlines()]
