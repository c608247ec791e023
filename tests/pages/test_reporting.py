"""Progress of `d2lite run`: bars on a terminal, none on a pipe."""

import os
import re
import subprocess
import sys

import abacus
import pytest
import terminal
from results import LESSON, ran

from d2lite.pages.running.progress import Reporter

PAGE = """```python
print('unfinished', end='', flush=True)
for n in range(3): print(f'\\r{n} of 3', end='', flush=True)
```
```python
print('[bold]second[/bold]')
```
"""
RUN = [sys.executable, '-c', 'from d2lite.cli import main; main()', 'run', 'page.md']


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    abacus.install(tmp_path / 'world')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path / 'world'), prepend=os.pathsep)
    monkeypatch.setenv('D2LITE_BACKEND', 'pytorch')
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'page.md').write_text(PAGE)


def on_a_terminal(*arguments):
    return terminal.on_a_terminal([*RUN, *arguments], stderr='too')


def test_on_a_terminal_there_are_bars_and_whole_lines():
    code, text = on_a_terminal()
    assert code == 0
    plain = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', text)
    assert re.search(r'pytorch [━╺]+ +1/2 ', plain)
    lines = [line.rpartition('\r')[2].strip() for line in plain.split('\n')]
    assert '2 of 3[bold]second[/bold]' in lines
    assert not any('unfinished' in line for line in lines)
    assert 'passed' in text


def test_with_files_to_write_a_terminal_sees_no_output_of_cells():
    code, text = on_a_terminal('--to', 'html')
    assert code == 0
    assert '[bold]' not in text and '━' in text and 'Wrote build/page.html' in text


def test_output_that_was_held_back_is_printed_when_a_run_is_stopped(capsys):
    results = ran(LESSON, tabs=['pytorch', 'jax', 'mxnet'])
    reporter = Reporter(results, jobs=3)
    for number, result in enumerate(results[:2]):
        reporter.begin(result)
        reporter.output(result, 'stdout', f'printed {number}\n')
    reporter.end(results[0])
    assert capsys.readouterr().out == '── pytorch ──\nprinted 0\n\n'
    reporter.interrupted()
    assert capsys.readouterr().out == '── jax ──\nprinted 1\n'


def test_on_a_pipe_there_is_nothing_but_the_output():
    out = subprocess.run(RUN, capture_output=True, check=True)
    assert out.stdout.decode().startswith(
        '── pytorch ──\nunfinished\r0 of 3\r1 of 3\r2 of 3[bold]second[/bold]\n'
    )
    assert b'\x1b' not in out.stdout and b'1/2' not in out.stdout
    assert out.stderr == b''
