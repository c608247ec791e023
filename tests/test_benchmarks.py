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
from contract import backend_of, require

from benchmarks import __main__ as main
from benchmarks import measure, report
from benchmarks.workloads import DEFAULTS, WORKLOADS
from d2lite import selection

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
@pytest.mark.parametrize('name', DEFAULTS['cpu'])
def test_every_contender_computes_the_same(d2l, name, compile):
    backend, workload = backend_of(d2l), TINY[name]
    if backend == 'pytorch' and compile and not SLOW:
        pytest.skip('its compiler takes a minute: D2LITE_SLOW_TESTS=1')
    if backend in ('jax', 'nnx') and compile:
        pytest.skip('all is compiled without compile=True, too')
    contenders = measure.contenders(backend, compile)
    compare(contenders, made(contenders.pop('d2lite'), workload))


@pytest.mark.parametrize('sgd', [None, {'foreach': True}], ids=['by_hand', 'foreach'])
@pytest.mark.parametrize('compile', [False, True], ids=['as_it_comes', 'compiled'])
@pytest.mark.parametrize('name', DEFAULTS['cpu'])
def test_loops_for_a_gpu_compute_the_same(d2l, name, compile, sgd, monkeypatch):
    """On the CPU, where a step is called and not captured as a CUDA graph."""
    backend, workload = backend_of(d2l), TINY[name]
    if backend == 'mxnet':
        pytest.skip('there are no loops on MXNet for a GPU')
    if sgd and backend != 'pytorch':
        pytest.skip("the choice of the optimizer is one of PyTorch's loop")
    contenders = measure.contenders(backend, compile, 'gpu')
    if backend == 'pytorch':
        for contender in ('best', 'tutorial'):
            monkeypatch.setattr(contenders[contender], 'device', 'cpu')
            monkeypatch.setattr(contenders[contender], 'sgd', sgd)
    del contenders['d2lite']
    compare(contenders, made(measure.contenders(backend, False)['d2lite'], workload))


def compare(contenders, ours):
    workload = ours.workload
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
                # A loop may compute none, and a language model plots its perplexity.
                if loss is not None and wanted is not None:
                    assert loss == pytest.approx(wanted, rel=1e-4), contender


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


def test_the_loops_are_defined_anew(d2l):
    found = [measure.contenders(backend_of(d2l), compile=False)['best'] for _ in range(2)]
    assert found[0] is not found[1]


def test_a_later_fit_defines_its_loop_anew_and_the_first_is_not_counted(monkeypatch):
    asked = []

    def contenders(backend, compile, device):
        asked.append((backend, compile, device))
        return dict.fromkeys(measure.NAMES, lambda *_: Fit())

    class Fit:
        def fit(self, num_epochs):
            assert num_epochs == WORKLOADS['W1'].epochs

    monkeypatch.setattr(measure, 'contenders', contenders)
    times = measure.later_fits('jax', WORKLOADS['W1'], True, rounds=2)
    assert [len(times[name]['cpu']) for name in measure.NAMES] == [2, 2, 2]
    assert asked == [('jax', True, 'cpu')] * 9


def test_the_ratio_is_the_median_of_the_rounds():
    times = {'a': {'cpu': [1.0, 4.0, 90.0]}, 'b': {'cpu': [1.0, 2.0, 30.0]}}
    assert measure.ratio(times, 'a', 'b') == 2
    assert measure.ratio(times, 'b', 'a') == 0.5


@pytest.mark.parametrize(
    ('section', 'compile', 'expected'),
    [
        ('steady', False, ['1.40 ≤ 1.5', '[red]1.17 > 1[/red]']),
        ('steady', True, ['1.40 ≤ 1.5', '[red]1.17 > 1[/red]']),
        ('later', False, ['1.40', '[red]1.17 > 1[/red]']),
        ('later', True, ['[red]1.40 > 1[/red]', '1.17']),
        ('first', False, ['0.40', '0.20 ≤ 1']),
        ('first', True, ['0.40 ≤ 1', '0.20']),
    ],
)
def test_what_exceeds_its_bound_is_marked(section, compile, expected):
    seconds = dict(zip(measure.NAMES, (1.4, 1, 1.2), strict=True))
    times = {name: {'cpu': [each], 'wall': [each]} for name, each in seconds.items()}
    row = {'workload': 'W1', 'backend': 'jax', 'compile': compile, 'device': 'cpu', 'times': times}
    table, _ = report.TABLES[section]
    assert [cell for column in table([row], '').columns[-2:] for cell in column.cells] == expected


@pytest.mark.parametrize(
    ('workload', 'expected'),
    [('W1', ['1.20', '0.60 ≤ 1']), ('W5', ['[red]1.20 > 1.15[/red]', '0.60 ≤ 1'])],
)
def test_on_a_gpu_it_is_wall_time_that_counts(workload, expected):
    times = {
        name: {'cpu': [1], 'wall': [wall]}
        for name, wall in zip(measure.NAMES, (1.2, 1, 2), strict=True)
    }
    row = {'workload': workload, 'backend': 'jax', 'compile': False, 'device': 'gpu'}
    table, _ = report.TABLES['steady']
    columns = table([row | {'times': times}], '').columns[-2:]
    assert [cell for column in columns for cell in column.cells] == expected


def test_who_takes_no_part_is_told():
    times = {'best': {'problem': 'OSError: not here'}, 'd2lite': {'cpu': [1], 'wall': [1]}}
    row = {'workload': 'W1', 'backend': 'jax', 'compile': False, 'device': 'cpu'}
    row['times'] = times | {'tutorial': {}}
    for section in ('steady', 'later', 'first'):
        table, _ = report.TABLES[section]
        assert [cell for column in table([row], '').columns[-2:] for cell in column.cells] == [
            '-',
            '-',
        ]
    assert list(report.problems([row])) == ['W1 jax best: OSError: not here']


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


@pytest.mark.parametrize(
    ('arguments', 'problem'),
    [
        (['--backend', 'mxnet'], 'MXNet has no release for the GPUs of current CUDA'),
        (['--backend', 'pytorch'], 'pytorch finds no GPU here'),
        ([], 'No installed framework finds a GPU here'),
        (['--memory'], '--memory is about the CPU'),
    ],
)
def test_why_nothing_is_measured_on_a_gpu_is_told(arguments, problem, monkeypatch, capsys):
    monkeypatch.setattr(measure, 'fresh', lambda function, backend: 0)
    monkeypatch.setattr(selection, 'require', lambda backend: None)
    main.with_gpu.cache_clear()
    with pytest.raises(SystemExit) as stopped:
        main.main(['--device', 'gpu', *arguments])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(problem) and error.count('\n') == 1


@pytest.mark.parametrize('device', DEFAULTS)
def test_all_that_is_measured_by_default_is_reported_and_kept(
    device, monkeypatch, capsys, tmp_path
):
    """Also where it is interrupted: what was measured until then is in the file."""
    path, measured = tmp_path / 'bench.json', []

    def fresh(function, backend, workload=None, *arguments):
        if function is measure.count_gpus:
            return int(device == 'gpu')
        measured.append((function.__name__, workload.title))
        if len(measured) == stop_at:
            raise KeyboardInterrupt
        return {name: {'cpu': [1.0], 'wall': [1.0]} for name in measure.NAMES}

    monkeypatch.setattr(measure, 'fresh', fresh)
    monkeypatch.setattr(selection, 'require', lambda backend: None)
    command = ['--device', device, '--backend', 'jax', '--json', str(path)]
    stop_at = 4
    with pytest.raises(KeyboardInterrupt):
        main.main(command)
    assert [row['workload'] for row in json.loads(path.read_text())['steady']] == ['W1', 'W2', 'W3']
    stop_at = None
    main.main(command)
    shown, results = capsys.readouterr().out, json.loads(path.read_text())
    assert (
        set(results) - {'machine'}
        == {'cpu': {'steady', 'later', 'first'}, 'gpu': {'steady'}}[device]
    )
    for name in DEFAULTS[device]:
        assert shown.count(f'{name} ') == 2 * (len(results) - 1)  # as it comes and compiled


def test_a_step_in_one_process_and_in_two(capsys, tmp_path):
    """On Linux, which alone can bind a process to a core."""
    require('pytorch')
    path = tmp_path / 'steps.json'
    main.main(['--processes', '2', '--backend', 'pytorch', '--json', str(path)])
    found, lines = json.loads(path.read_text()), capsys.readouterr().out.splitlines()
    assert found['pytorch'].keys() == {'1', '2'} and min(found['pytorch'].values()) > 0
    assert [line.split()[:3] for line in lines] == [
        ['pytorch', '1', 'process'],
        ['pytorch', '2', 'processes'],
    ]
