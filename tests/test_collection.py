"""Every process collects the same tests: pytest-xdist refuses to run where they differ."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent


def collected(hash_seed):
    """The ids of all tests in order, as a new process with this PYTHONHASHSEED finds them."""
    command = [sys.executable, '-m', 'pytest', '--collect-only', '-q', '-p', 'no:cacheprovider']
    # Within pytest-xdist the variables of its workers would reach the new process.
    env = {name: value for name, value in os.environ.items() if not name.startswith('PYTEST_')}
    process = subprocess.run(
        command,
        cwd=ROOT,
        env=env | {'PYTHONHASHSEED': str(hash_seed)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return [line for line in process.stdout.splitlines() if '::' in line]


def test_two_processes_collect_the_same_tests():
    first = collected(hash_seed=1)
    time.sleep(1.1)  # gzip and others write the time in seconds
    second = collected(hash_seed=2)
    assert len(first) > 1000
    assert len(set(first)) == len(first)
    differing = sorted(set(first) ^ set(second))
    assert differing == []
    assert first == second
