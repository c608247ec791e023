"""The `d2lite` command: what it prints where, and its exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

import d2lite
from d2lite import selection
from d2lite.commands import common
from d2lite.pages.reading.page import read_page
from d2lite.pages.running.client import Failure
from d2lite.pages.running.kernel import TabResult
from d2lite.pages.running.table import print_table
from d2lite.pages.running.tabs import tabs_to_run

PAGES = Path(__file__).parent / 'pages'


def page(folder, *cells):
    (folder / 'page.md').write_text(''.join(f'```python\n{cell}\n```\n' for cell in cells))
    return 'page.md'


def cells_of(line):
    """The columns of a line of the table."""
    return [cell.strip() for cell in line.strip('│┃').replace('┃', '│').split('│')]


def test_page_that_passes(command, tmp_path):
    code, out, err = command('run', page(tmp_path, 'print("hello")', '1 + 1'))
    assert (code, err) == (0, '')
    lines = out.splitlines()
    assert lines[:4] == ['── pytorch ──', 'hello', '2', '']
    assert cells_of(lines[5]) == ['tab', 'version', 'device', 'cells run', 'seconds', 'result']
    row = cells_of(lines[-2])
    assert row[:4] + row[5:] == ['pytorch', '7.0', 'abacus:0, abacus:1', '2/2', 'passed']


def test_page_that_fails(command):
    code, out, err = command('run', PAGES / 'broken/failing.md', '--tab', 'torch')
    assert code == 1
    message = 'failed: cell 3 (line 16): ZeroDivisionError: division by zero'
    row = cells_of(out.splitlines()[-2])
    assert row[3] == '2/4'
    assert row[-1] == message
    assert err.startswith('Traceback (most recent call last):\n')
    assert err.endswith(f'd2lite: {PAGES / "broken/failing.md"}:16: pytorch {message}\n')


def test_one_failing_tab_fails_the_run_and_the_others_go_on(command, tmp_path, monkeypatch):
    backends = dict.fromkeys(['jax', 'pytorch'], 'd2lite_jax')
    monkeypatch.setattr(selection, 'registered_backends', lambda: backends)
    (tmp_path / 'world/sitecustomize.py').write_text("import sys\nsys.modules['jax'] = None\n")
    code, out, err = command('run', page(tmp_path, 'print("ran")'), '--tab', 'all')
    assert code == 1
    assert out.count('ran\n') == 1
    verdicts = {row[0]: row[-1] for row in map(cells_of, out.splitlines()) if len(row) > 1}
    assert verdicts['jax'].startswith('failed: BackendError: The jax backend needs jax, not')
    assert verdicts['pytorch'] == 'passed'
    assert 'd2lite: page.md: jax failed: BackendError: The jax backend needs jax, not' in err
    assert 'Traceback' not in err


def test_tabs_of_the_page_and_what_they_leave_out(command, tmp_path):
    text = '```python\n%%tab all\n1\n```\n```python\n%%tab torch\n2\n```\n```python\n3\n```\n'
    (tmp_path / 'page.md').write_text(text + '```python\n%%tab mxnet\n4\n```\n')
    code, out, _ = command('run', 'page.md', '--tab', 'pytorch')
    assert code == 0
    assert 'Left out' not in out
    (tmp_path / 'page.md').write_text(text.replace('torch', 'jax') + '```python\n%%tab torch\n```')
    code, out, _ = command('run', 'page.md')
    assert code == 0
    line = 'Left out on this tab: cell 3 (line 9). They name no tab, so they are for jax.'
    assert line in out.splitlines()


def test_losses_and_shown_values(command, tmp_path):
    cells = 'from d2lite_torch import Trainer, Tensor', 'fitted = Trainer(2)\nw = Tensor([0.5, 2])'
    code, out, _ = command('run', page(tmp_path, *cells), '--show', 'w,number', '--show', 'none')
    header, row = (cells_of(out.splitlines()[number]) for number in (-4, -2))
    assert header[4:8] == ['validation loss, by epoch', 'w', 'number', 'none']
    assert row[2] == 'abacus:0'
    assert row[4:8] == ['4 2', '[0.5, 2]', '-', '-']


def test_training_loss_where_there_is_no_validation(command, tmp_path):
    cells = 'from d2lite_torch import Trainer\nfitted = Trainer(2, validate=False)'
    _, out, _ = command('run', page(tmp_path, cells))
    assert cells_of(out.splitlines()[-4])[4] == 'training loss, by epoch'
    assert cells_of(out.splitlines()[-2])[4] == '8 4'


def test_trouble_with_the_summary_is_told_and_passes(command, tmp_path):
    (tmp_path / 'world/d2lite_torch/framework.py').write_text('NAME = "pytorch"\n')
    code, out, err = command('run', page(tmp_path, '1'))
    assert code == 0
    assert err.startswith('d2lite: no framework in the summary: AttributeError')


def test_timeout(command, tmp_path):
    code, out, _ = command('run', page(tmp_path, 'while True: pass'), '--timeout', '0.5')
    assert code == 1
    assert 'Timeout: still running after 0.5 seconds' in out


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['page.md'], 'd2lite: page.md:6: Unknown tab '),
        (['nowhere.md'], 'd2lite: nowhere.md: Cannot read the page: No such file'),
        ([PAGES / 'tabbed.md', '--tab', 'tf'], f'd2lite: {PAGES / "tabbed.md"}:1: The page has no'),
        ([PAGES / 'plain.md', '--tab', 'keras'], "d2lite: Unknown backend 'keras'"),
    ],
)
def test_what_cannot_be_run_at_all(command, tmp_path, arguments, message):
    page(tmp_path, 'open("ran", "w")', '\n%%tab torhc')
    code, out, err = command('run', *arguments)
    assert (code, out) == (2, '')
    assert err.startswith(message)
    assert 'Traceback' not in err
    assert not (tmp_path / 'ran').exists()


def test_backend_that_is_not_installed(command, tmp_path, monkeypatch):
    monkeypatch.setattr(selection, 'missing_modules', lambda name: ['torch'])
    for arguments in [], ['--tab', 'pytorch']:
        code, out, err = command('run', page(tmp_path, '1'), *arguments)
        assert (code, out) == (2, '')
        assert err.startswith('d2lite: The pytorch backend needs torch, not installed here.')


def test_of_all_tabs_those_that_are_not_installed_are_told_and_left_out(
    command, tmp_path, monkeypatch
):
    missing = {'jax': ['flax'], 'mxnet': ['mxnet']}
    monkeypatch.setattr(selection, 'missing_modules', lambda name: missing.get(name, []))
    monkeypatch.delenv('D2LITE_REQUIRE_ALL', raising=False)
    path = page(tmp_path, '%%tab pytorch, jax, mxnet\nprint("ran")')
    assert tabs_to_run(read_page(path), 'all') == ['pytorch']
    monkeypatch.setenv('D2LITE_REQUIRE_ALL', '1')
    assert tabs_to_run(read_page(path), 'all') == ['pytorch', 'jax', 'mxnet']
    monkeypatch.delenv('D2LITE_REQUIRE_ALL')
    code, out, err = command('run', path, '--tab', 'all')
    assert code == 0 and 'jax' not in out
    assert 'd2lite: jax is left out: it needs flax. Install with: pip install "flax>=' in err
    assert 'd2lite: mxnet is left out' in err
    missing['pytorch'] = ['torch']
    code, _, err = command('run', path, '--tab', 'all')
    assert code == 2 and 'The pytorch backend needs torch' in err


def test_wrong_usage(command):
    for arguments in ['run'], ['run', 'page.md', '--timeout', '-1'], ['walk']:
        code, _, err = command(*arguments)
        assert code == 2
        assert 'Usage: ' in err


def test_without_the_notebook_extra(command, tmp_path, monkeypatch):
    monkeypatch.setattr(common, 'find_spec', lambda name: None if name == 'nbclient' else name)
    code, _, err = command('run', page(tmp_path, '1'))
    assert code == 2
    assert err.startswith('d2lite: Running pages needs nbclient: pip install "ipykernel>=')
    assert '"nbclient>=' in err


def test_version(command):
    assert command('--version') == (0, f'd2lite {d2lite.__version__}\n', '')


def test_doctor_is_asked_for_the_exit_code(command, monkeypatch):
    from d2lite import doctor

    monkeypatch.setattr(doctor, 'report', lambda as_json: 3)
    assert command('doctor')[0] == 3


def test_help_loads_nothing_heavy():
    code = """
import sys
from d2lite import cli
try:
    cli.app(['--help'])
except SystemExit:
    pass
heavy = 'torch jax tensorflow mxnet nbclient nbformat IPython matplotlib.pyplot'
print('heavy:', *set(heavy.split()) & set(sys.modules))
"""
    out = subprocess.check_output([sys.executable, '-c', code], text=True)
    assert 'run' in out and 'doctor' in out
    assert out.splitlines()[-1] == 'heavy:'


def test_closed_pipe_ends_the_run(command, tmp_path):
    page(tmp_path, 'import time\nwhile True: print("line", flush=True); time.sleep(0.1)')
    program = [sys.executable, '-c', 'from d2lite.cli import main; main()', 'run', 'page.md']
    read, write = os.pipe()
    process = subprocess.Popen(program, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert os.read(read, 100)
    os.close(read)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert 'Traceback' not in err


@pytest.mark.parametrize('width', [80, 160])
def test_table_keeps_its_numbers_at_any_width(width):
    values = {
        'version': '0.10.2 (flax 0.12.8, optax 0.2.8)',
        'device': 'cpu:0',
        'history': [{'val_loss': value} for value in (2.3129, 0.32594, 0.047944)],
        'show': {'w_error': [0.09868, -0.2143], 'b_error': 0.2086},
    }
    failure = Failure(None, None, 'Error', 'with [brackets] and ' + 'words ' * 60)
    results = [
        TabResult('tensorflow', 5, cells_run=5, seconds=1.25, values=values),
        TabResult('mxnet', 5, error=failure),
    ]
    with open(os.devnull, 'w') as sink:
        console = Console(width=width, file=sink, record=True)
        print_table(console, results, ['w_error', 'b_error'])
        text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    words = text.replace('│', ' ').split()
    for (
        word
    ) in 'tensorflow 2.313 0.3259 0.04794 [0.09868, -0.2143] 0.2086 5/5 0/5 1.2 passed'.split():
        assert word in words
    for word in 'failed: Error: with [brackets] 0.10.2 optax'.split():
        assert word in words
    assert words.count('words') < 60  # a long message is cut


def test_of_many_epochs_the_table_shows_the_first_and_the_last(capsys):
    history = [{'epoch': n, 'val_loss': float(n), 'seconds': 0.1} for n in range(1, 21)]
    result = TabResult('pytorch', 1, 1, values={'version': '1.0', 'history': history})
    print_table(Console(width=160), [result], [])
    printed = capsys.readouterr().out
    assert '1 2 3 … 19 20' in printed and 'passed' in printed


def test_python_runs_the_command_as_a_module():
    program = [sys.executable, '-m', 'd2lite', '--version']
    found = subprocess.run(program, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, '')
    assert d2lite.__version__ in found.stdout
