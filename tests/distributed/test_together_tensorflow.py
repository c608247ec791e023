"""TensorFlow on several processes: normalisation over the whole minibatch; what TF_CONFIG says."""

import json

import normalized
import numpy as np
import pytest
from contract import require
from starting import start


def test_two_processes_normalize_over_the_whole_batch(tmp_path):
    require('tensorflow')
    process = start('normalized.py', 'tensorflow', tmp_path / 'two', 'auto')
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    one = normalized.results('tensorflow')
    scale = max(np.abs(array).max() for array in one.values())
    for rank in (0, 1):
        found = dict(np.load(tmp_path / f'two.auto.{rank}.npz'))
        assert one.keys() == found.keys() and 'loss' in one
        for name, array in one.items():
            np.testing.assert_allclose(found[name], array, rtol=1e-12, atol=1e-12 * scale)


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
