"""Two machines: two network namespaces of Linux, which a cable of its own joins."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest
from contract import require
from starting import HERE, in_one_process

from d2lite import selection

ADDRESSES = ['10.77.42.1', '10.77.42.2']
NAMES = [f'd2lite-{os.getpid()}-{index}' for index in range(2)]


def ip(*words):
    subprocess.run(['ip', *words], check=True, capture_output=True, text=True)


@pytest.fixture(scope='module')
def machines():
    """The names of two namespaces, each with a loopback address and one end of the cable."""
    if not shutil.which('ip'):
        pytest.skip('there is no command ip, which makes network namespaces')
    try:
        for name in NAMES:
            ip('netns', 'add', name)
        ends = {'name': 'd2lite0', 'netns': NAMES[0]}, {'name': 'd2lite0', 'netns': NAMES[1]}
        first, second = ([word for pair in end.items() for word in pair] for end in ends)
        ip('link', 'add', *first, 'type', 'veth', 'peer', *second)
        for name, address in zip(NAMES, ADDRESSES, strict=True):
            ip('-n', name, 'address', 'add', f'{address}/24', 'dev', 'd2lite0')
            for device in ('lo', 'd2lite0'):
                ip('-n', name, 'link', 'set', device, 'up')
        yield NAMES
    except subprocess.CalledProcessError as error:
        if os.environ.get('D2LITE_REQUIRE_ALL') == '1' and 'not permitted' not in error.stderr:
            raise
        pytest.skip(f'this user cannot make network namespaces: {error.stderr.strip()}')
    finally:
        for name in NAMES:
            with contextlib.suppress(subprocess.CalledProcessError):
                ip('netns', 'del', name)


@pytest.mark.parametrize('backend', selection.PREFERENCE)
def test_two_machines_train_as_one(tmp_path, machines, backend):
    require(backend)
    launch = [sys.executable, '-m', 'd2lite', 'launch', '--processes', '2', '--timeout', '40']
    launch += ['--hosts', ','.join(ADDRESSES), str(HERE / 'long.py'), backend]
    launch += [str(tmp_path / 'checkpoint'), str(tmp_path / 'history')]
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.STDOUT, 'text': True}
    processes = []
    for name, address in zip(machines, ADDRESSES, strict=True):
        # JAX finds its own address by the name of the machine. What is mounted in a namespace is
        # seen there alone.
        hosts = tmp_path / name
        hosts.write_text(f'127.0.0.1 localhost\n{address} {socket.gethostname()}\n')
        named = ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
        command = ['ip', 'netns', 'exec', name, *named, *launch]
        processes.append(subprocess.Popen(command, start_new_session=True, **pipes))
    try:
        told = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
    assert [process.returncode for process in processes] == [0, 0], '\n'.join(told)
    history = json.loads((tmp_path / 'history').read_text())
    found = [[row['train_loss'], row['val_loss']] for row in history]
    np.testing.assert_allclose(found, in_one_process(backend), rtol=1e-5)
