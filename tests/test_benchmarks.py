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

from benchmarks import measure, report
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parent.parent

# 50 examples in batches of 16: the last one has 2. Validation for all, so that losses are compared.
TINY = {
    name: dataclasses.replace(workload, num_train=50, num_val=24, batch_size=16, lr=0.3)
    for name, workload in WORKLOADS.items()
}
SLOW = os.environ.get('D2LITE_SLOW_TESTS') == '1'


def made(factory, workload, *orders):
    return factory(workload, workload.data(), workload.parameters(), *orders)


@pytest.mark.parametrize('compile', [False, True], ids=['as_it_comes', 'compiled'])
@pytest.mark.parametrize('name', TINY)
def test_every_contender_computes_the_same(d2l, name, compile):
    backend, workload = backend_of(d2l), TINY[name]
    if backend == 'pytorch' and compile and not SLOW:
        pytest.skip('its compiler takes a minute: D2LITE_SLOW_TESTS=1')
    contenders = measure.contenders(backend, compile)
    ours = made(contenders.pop('d2lite'), workload)
    ours.fit(2)
    seed = ours.trainer.train_dataloader.dataloader.seed

    def orders(epoch):
        return np.random.default_rng([*seed, epoch]).permutation(workload.num_train)

    for contender, factory in contenders.items():
        loop = made(factory, workload, orders)
        loop.fit(2)
        for given, expected, start in zip(
            loop.parameters(), ours.parameters(), workload.parameters(), strict=True
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
    workload, contenders = TINY['W1'], measure.contenders(backend_of(d2l), compile=False)
    for contender in ('tutorial', 'best'):
        found = []
        for _ in range(2):
            loop = made(contenders[contender], workload)
            loop.fit(1)
            found.append(np.concatenate([array.ravel() for array in loop.parameters()]))
        assert not np.allclose(*found, rtol=1e-5), contender


def test_a_slow_contender_is_found_out(d2l):
    workload, best = TINY['W1'], measure.contenders(backend_of(d2l), compile=False)['best']

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

    def broken(*_):
        raise OSError('not here\nsecond line')

    factories = {'best': best, 'slow': slow, 'd2lite': broken}
    turns = {
        name: partial(measure.steady_turn, factory, workload, 0.02)
        for name, factory in factories.items()
    }
    times = measure.take_turns(turns, rounds=3)
    assert len(times['slow']['cpu']) == len(times['best']['wall']) == 3
    for clock in ('cpu', 'wall'):
        assert measure.ratio(times, 'slow', 'best', clock) > 2
        assert measure.ratio(times, 'best', 'best', clock) == 1
        assert measure.median(times, 'slow', clock) > 0.05
    assert times['d2lite'] == {'problem': 'OSError: not here'}
    assert measure.ratio(times, 'd2lite', 'best') is None


def test_each_later_fit_defines_its_loop_anew(monkeypatch):
    """It is made of other classes than the fit before, and the first one is not counted."""
    made = []

    def contenders(backend, compile):
        def factory(*_):
            made.append((backend, compile))
            return Fit()

        return dict.fromkeys(measure.NAMES, factory)

    class Fit:
        def fit(self, num_epochs):
            assert num_epochs == WORKLOADS['W1'].epochs

    monkeypatch.setattr(measure, 'contenders', contenders)
    times = measure.later_fits('jax', WORKLOADS['W1'], True, rounds=2)
    assert {name: len(found['cpu']) for name, found in times.items()} == dict.fromkeys(
        measure.NAMES, 2
    )
    assert made == [('jax', True)] * 9


def test_the_ratio_is_the_median_of_the_rounds():
    times = {'a': {'cpu': [1.0, 4.0, 90.0]}, 'b': {'cpu': [1.0, 2.0, 30.0]}}
    assert measure.ratio(times, 'a', 'b') == 2
    assert measure.ratio(times, 'b', 'a') == 0.5


def test_what_exceeds_its_bound_is_marked():
    times = {
        name: {'cpu': [seconds]} for name, seconds in zip(measure.NAMES, (1.4, 1, 1.2), strict=True)
    }
    rows = [
        {'workload': name, 'backend': 'jax', 'compile': False, 'times': times}
        for name in ('W1', 'W2')
    ]
    table = report.ratios(rows, '', 'steady')
    cells = [list(column.cells) for column in table.columns[-2:]]
    assert cells == [['1.40 ≤ 1.5', '[red]1.40 > 1.25[/red]'], ['[red]1.17 > 1[/red]'] * 2]


def test_the_command_measures_and_writes(tmp_path):
    backend = os.environ.get('D2LITE_BACKEND') or 'pytorch'
    pytest.importorskip({'pytorch': 'torch'}.get(backend, backend))
    command = [sys.executable, '-m', 'benchmarks', '--backend', backend, '--workload', 'W1']
    command += ['--rounds', '2', '--steady', '--later', '--first']
    command += ['--json', str(tmp_path / 'bench.json')]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for title in ('A steady epoch', 'A later fit', 'The first fit', 'd2lite / best'):
        assert title in done.stdout
    results = json.loads((tmp_path / 'bench.json').read_text())
    assert results['machine']['cores'] >= 1 and 'numpy' in results['machine']['versions']
    for section in ('steady', 'later', 'first'):
        (row,) = results[section]
        assert set(row['times']) == set(measure.NAMES)
        assert all(len(found['cpu']) == 2 for found in row['times'].values())
