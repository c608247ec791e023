"""The speed table: every contender does the same work, and a slow one is found out."""

import dataclasses
import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from contract import backend_of

from benchmarks import contenders, measure, tables
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parent.parent

# 50 examples in batches of 16: the last one has 2. Validation for all, so that losses are compared.
TINY = {
    name: dataclasses.replace(workload, num_train=50, num_val=24, batch_size=16, lr=0.3)
    for name, workload in WORKLOADS.items()
}
LOOPS = ['tutorial', 'best', 'best compiled']
SLOW = os.environ.get('D2LITE_SLOW_TESTS') == '1'


def compiler_is_missing(backend, name):
    """PyTorch's compiler needs a C++ compiler."""
    if backend != 'pytorch' or 'compiled' not in name:
        return False
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        return True
    return False


@pytest.mark.parametrize('name', TINY)
def test_every_contender_computes_the_same(d2l, name):
    backend, workload = backend_of(d2l), TINY[name]
    everybody = contenders.contenders(backend)
    ours = everybody['d2lite'](workload, workload.data(), workload.parameters())
    ours.fit(2)
    seed, n = ours.train_dataloader.seed, workload.num_train

    def orders(epoch):
        return np.random.default_rng([*seed, epoch]).permutation(n)

    initial = workload.parameters()
    for contender in LOOPS:
        if compiler_is_missing(backend, contender):
            continue
        if (backend, contender) == ('pytorch', 'best compiled') and not SLOW:
            continue  # its compiler takes a minute
        loop = everybody[contender](workload, workload.data(), workload.parameters(), orders)
        loop.fit(2)
        for given, expected, start in zip(
            loop.parameters(), ours.parameters(), initial, strict=True
        ):
            change = np.abs(expected - start).max()
            assert change > 1e-5  # it was trained, and a batch left out would be much of this
            np.testing.assert_allclose(
                given, expected, rtol=0, atol=0.01 * change + 1e-6, err_msg=contender
            )
        for losses, expected in zip(loop.history, ours.history, strict=True):
            for loss, wanted in zip(losses, expected, strict=True):
                assert loss is None or loss == pytest.approx(wanted, rel=1e-4), contender


def test_the_orders_of_a_loop_are_fresh_ones(d2l):
    """What the test before fixes is by default another permutation each epoch."""
    workload = TINY['W1']
    for contender in ('tutorial', 'best'):
        make = contenders.contenders(backend_of(d2l))[contender]
        found = []
        for _ in range(2):
            loop = make(workload, workload.data(), workload.parameters())
            loop.fit(1)
            found.append(np.concatenate([array.ravel() for array in loop.parameters()]))
        assert not np.allclose(*found, rtol=1e-5), contender


def test_a_slow_contender_is_found_out(d2l):
    best = contenders.contenders(backend_of(d2l))['best']
    workload = TINY['W1']

    def slow(*args):
        loop = best(*args)
        epoch = loop.epoch

        def slow_epoch():
            end = time.process_time() + 0.05
            while time.process_time() < end:
                pass
            return epoch()

        loop.epoch = slow_epoch
        return loop

    factories = {'best': best, 'slow': slow, 'd2lite': partial(broken)}
    result = measure.steady_state(factories, workload, rounds=3, seconds=0.02)
    row = {'result': result}
    assert len(result['slow']['cpu']) == len(result['best']['wall']) == 3
    for clock in ('cpu', 'wall'):
        assert measure.ratio(row, 'slow', 'best', clock) > 2
        assert measure.ratio(row, 'best', 'best', clock) == 1
        assert measure.epoch_seconds(row, 'slow', clock) > 0.05
    assert result['d2lite'] == {'problem': 'OSError: not here'}
    assert measure.ratio(row, 'd2lite', 'best', 'cpu') is None


def broken(*_):
    raise OSError('not here\nsecond line')


def test_the_ratio_is_the_median_of_the_rounds():
    row = {'result': {'a': {'cpu': [1.0, 4.0, 90.0]}, 'b': {'cpu': [1.0, 2.0, 30.0]}}}
    assert measure.ratio(row, 'a', 'b', 'cpu') == 2
    assert measure.ratio(row, 'b', 'a', 'cpu') == 0.5


def test_growth_is_counted_beside_that_of_the_rows_alone():
    """Nanoseconds an example: from 200 to 250, of which the rows alone take 40 more."""
    times = {'d2lite': (0.02, 0.25), 'best': (0.01, 0.12), 'rows alone': (0.006, 0.1)}
    rows = [
        {
            'backend': 'jax',
            'size': [size, 100],
            'result': {name: {'cpu': [each[i]]} for name, each in times.items()},
        }
        for i, size in enumerate((100_000, 1_000_000))
    ]
    growth = [*tables.scaling(rows)][1]
    cells = [[*column.cells][0] for column in growth.columns]
    assert cells == ['jax', '100', '50', '20', '40', '25', '5.00']
    rows[1]['result']['d2lite']['cpu'] = [0.28]
    growth = [*tables.scaling(rows)][1]
    assert [*growth.columns[-1].cells] == ['[red]20.00[/red]']


def test_the_command_measures_and_writes(tmp_path):
    backend = os.environ.get('D2LITE_BACKEND') or 'pytorch'
    pytest.importorskip({'pytorch': 'torch'}.get(backend, backend))
    command = [sys.executable, '-m', 'benchmarks', '--backends', backend, '--workloads', 'W1']
    command += ['--rounds', '2', '--steady', '--output', str(tmp_path / 'out')]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert 'd2lite / best' in done.stdout and 'tutorial / best' in done.stdout
    results = json.loads((tmp_path / 'out/bench.json').read_text())
    assert results['machine']['cores'] >= 1 and 'numpy' in results['machine']['versions']
    (row,) = results['steady']
    assert set(row['result']) >= {'d2lite', 'tutorial', 'best'} and row['threads'] >= 1
    assert all(len(found['cpu']) == 2 for found in row['result'].values())
    assert '<svg' in (tmp_path / 'out/bench.svg').read_text()
    assert (tmp_path / 'out/bench.png').read_bytes().startswith(b'\x89PNG')
