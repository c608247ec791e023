"""What the NVIDIA driver tells about the GPUs of this machine, without any framework."""

import subprocess

__all__ = ['gpus']

QUERY = ['nvidia-smi', '--query-gpu=name,memory.total,driver_version', '--format=csv,noheader']


def gpus() -> list[str]:
    """A line for each GPU: its name, memory and driver; [] where `nvidia-smi` finds none."""
    try:
        found = subprocess.run(QUERY, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return []
    if found.returncode:
        return []
    rows = [[cell.strip() for cell in line.split(',')] for line in found.stdout.splitlines()]
    return [f'{name}, {memory}, driver {driver}' for name, memory, driver in rows]
