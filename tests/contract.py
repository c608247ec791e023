"""What the shared tests need to know of the backends: which there are, and how to read a model.

A backend that is not installed is skipped with the reason, and fails where D2LITE_REQUIRE_ALL=1.
"""

import os
import subprocess
import sys

import devices
import numpy as np
import pytest

import d2lite
from d2lite import selection

# D2LITE_TEST_BACKENDS=pytorch,nnx: the shared tests run on these. By default not on nnx, which has
# `make test-nnx`.
BACKENDS = os.environ.get('D2LITE_TEST_BACKENDS', ','.join(selection.PREFERENCE)).split(',')


def require(name):
    """The namespace of backend `name`; without its framework the test skips, or fails in CI."""
    try:
        d2l = selection.load(name)
    except d2lite.BackendError as error:
        if os.environ.get('D2LITE_REQUIRE_ALL') == '1':
            raise
        pytest.skip(str(error), allow_module_level=True)
    devices.prepare(d2l)
    return d2l


def backend_of(d2l):
    return d2l.Module.backend


def another(d2l):
    """The namespace of another backend."""
    return require('jax' if backend_of(d2l) == 'pytorch' else 'pytorch')


def first_backend():
    """The namespace of the first backend that is here, for what is the same on all."""
    here = selection.available()
    return require(next((name for name in BACKENDS if name in here), BACKENDS[0]))


def skip_long_training(d2l):
    """Skips a long training on NNX: that its steps are those of JAX the parity tests show."""
    if backend_of(d2l) == 'nnx':
        pytest.skip('nnx takes the steps of jax, see tests/parity')


def small_data(d2l, num_train=64, num_val=32, batch_size=16, **kwargs):
    """Two features, w = (2, -3.4), b = 4.2."""
    return d2l.SyntheticRegressionData(
        w=d2l.tensor([2.0, -3.4]),
        b=4.2,
        num_train=num_train,
        num_val=num_val,
        batch_size=batch_size,
        **kwargs,
    )


def parameters(d2l, trainer):
    """The w (d,) and b (1,) of a trained LinearRegressionScratch, as NumPy arrays."""
    if backend_of(d2l) == 'jax':
        w, b = trainer.state.params['w'], trainer.state.params['b']
    else:
        w, b = trainer.model.w, trainer.model.b
    return d2l.numpy(w).reshape(-1), d2l.numpy(b)


def weights(d2l, trainer):
    """The w (d,) and b (1,) of a trained LinearRegression, as NumPy arrays."""
    model = trainer.model
    w, b = model.get_w_b(trainer.state) if backend_of(d2l) == 'jax' else model.get_w_b()
    return d2l.numpy(w).reshape(-1), d2l.numpy(b)


def batches(d2l, loader):
    return [tuple(np.array(d2l.numpy(tensor)) for tensor in batch) for batch in loader]


def python(code, **environment):
    """Runs `code` in a new process; D2LITE_BACKEND only if given. Returns the finished process."""
    env = {k: v for k, v in os.environ.items() if k != 'D2LITE_BACKEND'} | environment
    return subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, env=env, timeout=180
    )
