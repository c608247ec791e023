"""The kernel that a page runs in: it dies, it is stopped, it does not start, and is always gone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from d2lite.pages.reading.page import parse_page
from d2lite.pages.running.kernel import run_tab


def wait_until_gone(pid):
    deadline = time.monotonic() + 10
    while Path(f'/proc/{pid}').exists() if Path('/proc').exists() else _responds(pid):
        assert time.monotonic() < deadline, f'process {pid} is still there'
        time.sleep(0.05)


def _responds(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


REMEMBER_PID = "import os, pathlib\npathlib.Path('pid').write_text(str(os.getpid()))\n"


def kernel_pid(folder):
    return int((folder / 'pid').read_text())


def test_kernel_that_dies_is_told(run, tmp_path):
    result = run('1', REMEMBER_PID + 'os._exit(3)', '2')
    assert str(result.error) == 'cell 2 (line 5): KernelDied: the kernel died (exit status 3)'
    assert result.cells_run == 1
    assert result.values == {}
    wait_until_gone(kernel_pid(tmp_path))


def test_kernel_that_is_killed_is_told(run):
    result = run('import os, signal\nos.kill(os.getpid(), signal.SIGKILL)')
    assert 'KernelDied: the kernel was killed by SIGKILL; often' in str(result.error)


def test_timeout(run, tmp_path):
    result = run('1', REMEMBER_PID + 'while True: pass', timeout=0.5)
    assert str(result.error) == 'cell 2 (line 5): Timeout: still running after 0.5 seconds'
    wait_until_gone(kernel_pid(tmp_path))


@pytest.mark.parametrize('timeout', [None, 0])
def test_no_timeout(run, timeout):
    assert run('import time\ntime.sleep(0.1)', timeout=timeout).error is None


def test_kernel_is_gone_after_a_run(run, tmp_path):
    assert run(REMEMBER_PID).error is None
    wait_until_gone(kernel_pid(tmp_path))


def test_on_output_that_fails_ends_the_run(world, tmp_path):
    def fail(*_):
        raise BrokenPipeError

    cell = REMEMBER_PID + 'import time\nprint(1)\nwhile True: time.sleep(0.1)'
    page = parse_page(f'```python\n{cell}\n```\n', tmp_path / 'page.md')
    with pytest.raises(BrokenPipeError):
        run_tab(page, 'pytorch', timeout=60, on_output=fail)
    wait_until_gone(kernel_pid(tmp_path))


INTERRUPTED = 'Interrupted; the kernel is shut down.\n'
COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has none
from d2lite.cli import main
main()
"""


@pytest.mark.parametrize(
    'number, code, message', [(signal.SIGINT, 130, INTERRUPTED), (signal.SIGTERM, 143, '')]
)
def test_interrupted_run_leaves_no_kernel(world, tmp_path, number, code, message):
    text = f'```python\n{REMEMBER_PID}while True: pass\n```\n'
    (tmp_path / 'page.md').write_text(text)
    arguments = ['run', 'page.md', '--tab', 'pytorch']
    process = subprocess.Popen(
        [sys.executable, '-c', COMMAND, *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / 'pid').exists() or not (tmp_path / 'pid').read_text():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert (process.returncode, stderr) == (code, message)
    assert not Path(f'/proc/{kernel_pid(tmp_path)}').exists()


def test_kernelspecs_of_the_user_are_ignored(run, tmp_path, monkeypatch):
    folder = tmp_path / 'jupyter/kernels/python3'
    folder.mkdir(parents=True)
    spec = {'argv': ['/bin/false'], 'display_name': 'Another', 'language': 'python'}
    (folder / 'kernel.json').write_text(json.dumps(spec))
    monkeypatch.setenv('JUPYTER_PATH', str(tmp_path / 'jupyter'))
    monkeypatch.setenv('JUPYTER_DATA_DIR', str(tmp_path / 'jupyter'))
    assert run('1').error is None


def test_kernel_that_does_not_start(run, world):
    (world / 'ipykernel_launcher.py').write_text('raise SystemExit("the launcher is broken")')
    result = run('1')
    assert 'the Jupyter kernel did not start' in str(result.error)
    assert result.error.traceback == 'the launcher is broken'
    assert result.cells_run == 0


def test_missing_framework_is_told_in_its_own_words(run, world):
    (world / 'sitecustomize.py').write_text("import sys\nsys.modules['torch'] = None\n")
    result = run('print("never")')
    assert result.error.cell is None
    assert str(result.error).startswith('BackendError: The pytorch backend needs torch, not inst')
    assert result.error.traceback == ''
    assert result.values == {}
    assert result.printed == {'stdout': '', 'stderr': ''}


def test_framework_that_fails_to_import(run, world):
    (world / 'd2lite_torch/__init__.py').write_text('import no_such_library')
    result = run('print("never")')
    assert str(result.error) == "ModuleNotFoundError: No module named 'no_such_library'"
    assert 'd2lite_torch/__init__.py' in result.error.traceback
