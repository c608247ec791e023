"""What a measurement was made on: without it the numbers say little."""

import datetime
import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from d2lite import nvidia

__all__ = ['describe', 'load']

PACKAGES = {
    'pytorch': ['torch'],
    'jax': ['jax', 'jaxlib', 'jax-cuda13-plugin', 'jax-cuda12-plugin', 'flax', 'optax'],
    'nnx': ['jax', 'jaxlib', 'jax-cuda13-plugin', 'jax-cuda12-plugin', 'flax', 'optax'],
    'tensorflow': ['tensorflow', 'tensorflow-cpu', 'keras'],
    'mxnet': ['mxnet'],
}


def describe(backends: Sequence[str]) -> dict:
    """Date, processor, GPUs, memory, versions of Python and of the frameworks, and settings."""
    names = ['d2lite', 'numpy', *(name for backend in backends for name in PACKAGES[backend])]
    settings = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'XLA_FLAGS', 'TF_NUM_INTRAOP_THREADS')
    return {
        'date': datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds'),
        'system': platform.platform(),
        'cpu': cpu_model(),
        'gpus': list(map(str, nvidia.gpus())),
        'cores': len(os.sched_getaffinity(0)),
        'memory_bytes': os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES'),
        'python': platform.python_version(),
        'versions': {name: version for name in names if (version := installed(name))},
        'environment': {name: os.environ[name] for name in settings if name in os.environ},
        'load_before': load(),
    }


def load() -> float:
    """Processes that ran or wanted to run, in the mean of the last minute."""
    return round(os.getloadavg()[0], 2)


def installed(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def cpu_model():
    try:
        text = Path('/proc/cpuinfo').read_text()
    except OSError:
        return platform.processor()
    lines = [line for line in text.splitlines() if line.startswith('model name')]
    return lines[0].partition(':')[2].strip() if lines else platform.processor()
