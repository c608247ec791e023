"""Who takes part on each backend."""

import importlib
from functools import partial

__all__ = ['COMPILED', 'DEFAULT', 'contenders']

DEFAULT = ['d2lite', 'tutorial', 'best', 'd2l']
COMPILED = ['d2lite compiled', 'tutorial', 'best compiled']

MODULES = {
    'pytorch': 'loops_torch',
    'jax': 'loops_jax',
    'tensorflow': 'loops_tensorflow',
    'mxnet': 'loops_mxnet',
}


def contenders(backend):
    """By name: what makes the contender of a workload, data and initial parameters."""
    from benchmarks.loops_d2lite import Book, D2Lite, D2LiteCompiled
    from benchmarks.rows import Rows

    found = dict(importlib.import_module(f'benchmarks.{MODULES[backend]}').CONTENDERS)
    found.setdefault('best compiled', found['best'])  # on JAX all is compiled
    found['d2lite'] = partial(D2Lite, backend)
    found['d2lite compiled'] = partial(D2LiteCompiled, backend)
    found['rows alone'] = Rows
    if Book.installed():
        found['d2l'] = partial(Book, backend)
    return found
