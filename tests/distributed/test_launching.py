"""`d2lite launch` itself: what it sets, how it watches, and that nothing is left behind."""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest
from starting import start

from d2lite.launching.environment import Place, environment, free_ports, this_host
from d2lite.launching.launch import command_for
from d2lite.training.distributed import share


def written(tmp_path, code):
    path = tmp_path / 'script.py'
    path.write_text(f'import os, signal, sys, time\nrank = int(os.environ["RANK"])\n{code}')
    return path


def run(tmp_path, code, *arguments, options=(), processes=2):
    process = start(written(tmp_path, code), *arguments, options=options, processes=processes)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


@pytest.mark.parametrize('count', [1, 2, 3, 5])
def test_shares_are_all_rows_each_once(count):
    for num_rows in range(1, 20):
        shares = [share(num_rows, index, count) for index in range(count)]
        rows = [row for part, _ in shares for row in range(num_rows)[part]]
        if num_rows >= count:
            assert rows == list(range(num_rows))
            sizes = [len(range(num_rows)[part]) for part, _ in shares]
            assert max(sizes) - min(sizes) <= 1
            assert [weight * num_rows for _, weight in shares] == pytest.approx(sizes)
        else:  # all of them compute the whole batch
            assert rows == list(range(num_rows)) * count
        assert sum(weight for _, weight in shares) == pytest.approx(1)


def test_what_each_engine_reads():
    place = Place(4, ('10.0.0.1', '10.0.0.2'), 1, (7000, 7001, 7002, 7003, 7004))
    assert list(place.ranks) == [2, 3]
    found = environment(place, 3)
    assert found['RANK'] == found['D2LITE_RANK'] == '3' and found['LOCAL_RANK'] == '1'
    assert found['WORLD_SIZE'] == found['D2LITE_PROCESSES'] == '4'
    assert (found['MASTER_ADDR'], found['MASTER_PORT']) == ('10.0.0.1', '7000')
    assert found['JAX_COORDINATOR_ADDRESS'] == '10.0.0.1:7001'
    assert (found['DMLC_PS_ROOT_URI'], found['DMLC_PS_ROOT_PORT']) == ('10.0.0.1', '7002')
    assert found['DMLC_NODE_HOST'] == '10.0.0.2'
    assert json.loads(found['TF_CONFIG']) == {
        'cluster': {'worker': ['10.0.0.1:7003', '10.0.0.1:7004', '10.0.0.2:7003', '10.0.0.2:7004']},
        'task': {'type': 'worker', 'index': 3},
    }


def test_a_machine_finds_itself_among_the_hosts():
    assert this_host(['198.51.100.1', '127.0.0.1']) == 1  # the first is for documentation only
    with pytest.raises(ValueError, match='this machine is none of the hosts'):
        this_host(['198.51.100.1', '203.0.113.1'])


def test_free_ports_are_free():
    for port in free_ports(3):
        with socket.socket() as trial:
            trial.bind(('127.0.0.1', port))


def test_the_first_alone_writes_what_a_page_gives():
    page, arguments = Path('page.md'), ['--tab', 'all', '--to', 'html', '--output=build', '--force']
    assert command_for(page, arguments, 0)[-6:] == arguments
    assert command_for(page, arguments, 1)[-3:] == ['--tab', 'all', '--quiet']
    assert command_for(Path('a.py'), ['--to', 'x'], 1) == [sys.executable, 'a.py', '--to', 'x']


def test_all_run_and_the_first_prints(tmp_path):
    code, output, _ = run(tmp_path, 'print(rank, *sys.argv[1:])', '--to', 'x', processes=3)
    assert code == 0 and output == '0 --to x\n'
    code, output, _ = run(tmp_path, 'print(rank)', options=['--show-all'])
    assert code == 0 and sorted(output.split('\n')) == ['', '0', '[1] 1']


def test_a_seed_is_shared_and_kept(tmp_path):
    code = (
        f'(open(f"{tmp_path}/{{rank}}", "a")).write(os.environ["D2LITE_SEED"] + " ")\nsys.exit(3)'
    )
    assert run(tmp_path, code, options=['--max-restarts', '1'])[0] == 3
    seeds = [(tmp_path / rank).read_text().split() for rank in '01']
    assert len(seeds[0]) == 2 and len({*seeds[0], *seeds[1]}) == 1


FAILURES = {
    'raise ValueError("what is wrong")': (1, 'the process of rank 1 ended with exit status 1'),
    'os.kill(os.getpid(), signal.SIGKILL)': (137, 'of rank 1 was killed by signal 9 (SIGKILL)'),
}


@pytest.mark.parametrize('failure', FAILURES)
def test_a_process_that_fails_ends_all(tmp_path, failure):
    code = f'if rank == 1:\n    {failure}\ntime.sleep(1000)'
    status, _, errors = run(tmp_path, code)
    expected, sentence = FAILURES[failure]
    assert status == expected and sentence in errors and 'after' in errors.splitlines()[-1]
    assert ('[1] ValueError: what is wrong' in errors) == (expected == 1)


def test_a_restart_begins_all_again(tmp_path):
    code = 'print("attempt", os.environ["D2LITE_RESTART"])\nsys.stdout.flush()\n'
    code += 'if os.environ["D2LITE_RESTART"] == "0":\n    sys.exit(rank * 5)'
    status, output, errors = run(tmp_path, code, options=['--max-restarts', '2'])
    assert status == 0 and output == 'attempt 0\nattempt 1\n'
    assert 'exit status 5' in errors and 'all are started again' in errors


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # One that has ended, and that nobody has asked for its status.
    return 'Z' not in Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0]


@pytest.mark.skipif(sys.platform != 'linux', reason='looks at /proc')
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_behind(tmp_path, number):
    """Neither a process that hears of nothing, nor what it has started, as MXNet's helpers are."""
    code = (
        'import subprocess\n'
        'signal.signal(signal.SIGTERM, signal.SIG_IGN)\n'
        'signal.signal(signal.SIGINT, lambda *_: sys.exit(1))\n'
        'sleeper = [sys.executable, "-c", "import time; time.sleep(100)"]\n'
        'child = subprocess.Popen(sleeper, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n'
        'name = f"{os.path.dirname(__file__)}/{rank}"\n'
        'open(name + ".new", "w").write(f"{os.getpid()} {child.pid}")\n'
        'os.rename(name + ".new", name)\n'
        'time.sleep(100)'
    )
    # As a terminal has it: pytest's own workers may ignore Ctrl-C.
    process = start(
        written(tmp_path, code),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while not all((tmp_path / rank).exists() for rank in '01'):
        assert process.poll() is None
        time.sleep(0.05)
    pids = [int(pid) for rank in '01' for pid in (tmp_path / rank).read_text().split()]
    assert all(map(is_alive, pids))
    process.send_signal(number)
    process.communicate(timeout=50)
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    for _ in range(200):  # the system takes a moment to end what is killed
        if not any(map(is_alive, pids)):
            return
        time.sleep(0.1)
    pytest.fail('processes are left behind')


@pytest.mark.parametrize(
    'options, sentence',
    [
        (['--processes', '3', '--hosts', '127.0.0.1,127.0.0.2', 'SCRIPT'], 'evenly over 2 hosts'),
        (['--hosts', '198.51.100.1,203.0.113.1', 'SCRIPT'], 'this machine is none of the hosts'),
        (['no-such-script.py'], 'no-such-script.py is not there'),
    ],
)
def test_what_cannot_be_started_is_told(tmp_path, command, options, sentence):
    script = str(written(tmp_path, ''))
    code, _, errors = command('launch', *[script if o == 'SCRIPT' else o for o in options])
    assert code == 2 and sentence in errors
