"""JAX on several processes and devices: normalisation over all, divided parameters, one process.

NNX takes its engine from JAX; it is tested here if it is among the backends of the tests.
"""

import os
import subprocess
import sys

import normalized
import numpy as np
import pytest
from contract import BACKENDS, require
from starting import HERE, start


def check(found, backend='jax'):
    """Looks if these are the results of one process with one device."""
    one = normalized.results(backend)
    assert one.keys() == found.keys() and 'loss' in one
    scale = max(np.abs(array).max() for array in one.values())
    for name, array in one.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-12, atol=1e-12 * scale)


@pytest.fixture(scope='module', params=[each for each in BACKENDS if each in ('jax', 'nnx')])
def found(request, tmp_path_factory):
    """What two processes have found."""
    require(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    process = start('normalized.py', request.param, folder / 'two', 'auto', 'fsdp')
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    return request.param, folder


@pytest.mark.parametrize('strategy', ['auto', 'fsdp'])
@pytest.mark.parametrize('rank', [0, 1])
def test_two_processes_normalize_over_the_whole_batch(found, strategy, rank):
    backend, folder = found
    check(dict(np.load(folder / f'two.{strategy}.{rank}.npz')), backend)


def test_two_devices_of_one_process(tmp_path):
    require('jax')
    flags = f'{os.environ.get("XLA_FLAGS", "")} --xla_force_host_platform_device_count=2'
    command = [sys.executable, str(HERE / 'devices_of_one.py'), 'jax', str(tmp_path / 'found.npz')]
    done = subprocess.run(
        command, env=os.environ | {'XLA_FLAGS': flags}, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    found = dict(np.load(tmp_path / 'found.npz'))
    assert found.pop('divided') > 0
    check(found)


def test_more_devices_than_there_are():
    d2l = require('jax')
    with pytest.raises(ValueError, match='num_devices=2, but 1 process was started, each with 1'):
        d2l.Trainer(max_epochs=1, num_devices=2)
