"""TensorFlow on several processes and devices: normalisation over all; what TF_CONFIG says."""

import json
import subprocess
import sys

import normalized
import numpy as np
import pytest
from contract import require
from starting import HERE, start


@pytest.fixture(scope='module')
def one():
    """What one process with one device finds."""
    require('tensorflow')
    return normalized.results('tensorflow')


def check(found, one):
    assert one.keys() == found.keys() and 'loss' in one
    scale = max(np.abs(array).max() for array in one.values())
    for name, array in one.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-12, atol=1e-12 * scale)


def test_two_processes_normalize_over_the_whole_batch(tmp_path, one):
    process = start('normalized.py', 'tensorflow', tmp_path / 'two', 'auto')
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    for rank in (0, 1):
        check(dict(np.load(tmp_path / f'two.auto.{rank}.npz')), one)


def test_two_devices_of_one_process(tmp_path, one):
    command = [sys.executable, HERE / 'devices_of_one.py', 'tensorflow', tmp_path / 'found.npz']
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    found = dict(np.load(tmp_path / 'found.npz'))
    written = {name: found.pop(f'as written {name}') for name in one}
    check(found, one)
    check(written, one)


@pytest.mark.parametrize(
    'cluster, count',
    [
        (None, 1),
        ({'worker': ['a:1', 'b:1', 'c:1']}, 3),
        ({'worker': ['b:1'], 'chief': ['a:1']}, 2),
    ],
)
def test_processes_are_announced_by_tf_config(monkeypatch, cluster, count):
    require('tensorflow')
    from d2lite_tensorflow import distributed

    monkeypatch.delenv('TF_CONFIG', raising=False)
    if cluster is not None:
        monkeypatch.setenv('TF_CONFIG', json.dumps({'cluster': cluster}))
    assert distributed.announced() == count
    assert distributed.addresses()[:1] == ([] if cluster is None else ['a:1'])
