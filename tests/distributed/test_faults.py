"""A process that is killed, Ctrl-C, and one that is not there: two real processes of a backend."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from contract import require
from starting import HERE, in_one_process, start

ENGINES = ('pytorch', 'mxnet', 'tensorflow', 'jax')


@pytest.fixture(params=ENGINES)
def backend(request):
    require(request.param)
    return request.param


def test_a_killed_process_ends_all_and_a_restart_goes_on(tmp_path, backend):
    process = start(
        'long.py', backend, tmp_path / 'checkpoint', tmp_path / 'history', 'kill',
        options=['--max-restarts', '1', '--timeout', '50'],
    )  # fmt: skip
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert 'rank 1 was killed by signal 9 (SIGKILL) after' in errors
    assert 'Traceback' not in errors  # what the other one says is a sentence
    # Step 16 is in the second epoch: the first was not trained again, but read.
    assert [line for line in output.splitlines() if 'begins' in line] == [
        f'begins {epoch}' for epoch in (1, 2, 2, 3, 4)
    ]
    history = json.loads((tmp_path / 'history').read_text())
    found = [[row['train_loss'], row['val_loss']] for row in history]
    np.testing.assert_allclose(found, in_one_process(backend), rtol=1e-5)


def test_ctrl_c_ends_all_and_leaves_a_checkpoint(tmp_path, backend):
    checkpoint, waiting = tmp_path / 'checkpoint', tmp_path / 'waiting'
    process = start(
        'long.py', backend, checkpoint, tmp_path / 'history', waiting,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    while not waiting.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    begun = checkpoint.stat().st_mtime_ns  # of step 15
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert 'KeyboardInterrupt: training was stopped in epoch 2, after step 5' in errors
    assert checkpoint.stat().st_mtime_ns > begun and not (tmp_path / 'history').exists()
    found = in_one_process(backend, ckpt_path=checkpoint)
    np.testing.assert_allclose(found, in_one_process(backend), rtol=1e-5)


ALONE = {
    'pytorch': {'RANK': '1', 'WORLD_SIZE': '2', 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': 'PORT'},
    'mxnet': {'DMLC_ROLE': 'worker', 'DMLC_NUM_WORKER': '2', 'DMLC_NUM_SERVER': '1',
              'DMLC_PS_ROOT_URI': '127.0.0.1', 'DMLC_PS_ROOT_PORT': 'PORT'},
    'tensorflow': {'TF_CONFIG': '{"cluster": {"worker": ["127.0.0.1:9", "127.0.0.1:PORT"]}, '
                                '"task": {"type": "worker", "index": 1}}'},
    'jax': {'D2LITE_PROCESSES': '2', 'D2LITE_RANK': '1',
            'JAX_COORDINATOR_ADDRESS': '127.0.0.1:PORT'},
}  # fmt: skip


def test_a_coordinator_that_is_not_there_is_one_sentence(tmp_path, backend):
    from d2lite.launching.environment import free_ports

    (port,) = free_ports(1)
    announced = {name: value.replace('PORT', str(port)) for name, value in ALONE[backend].items()}
    done = subprocess.run(
        [sys.executable, str(HERE / 'long.py'), backend, tmp_path / 'a', tmp_path / 'b'],
        env=os.environ | announced | {'D2LITE_TIMEOUT': '3'},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert 'ProcessesLost: rank ' in done.stderr and 'for 3 seconds' in done.stderr
    assert 'Traceback' not in done.stderr
