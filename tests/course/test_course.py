"""The course beside this file, as its reader, its author and a script use it."""

import json
import subprocess
import sys
from pathlib import Path

import jedi
import nbformat
import pytest
from contract import require

COURSE = Path(__file__).parent


def test_it_runs_on_all_tabs(tmp_path):
    for name in ('pytorch', 'jax', 'tensorflow', 'mxnet', 'nnx'):
        require(name)
    process = subprocess.run(
        [sys.executable, '-m', 'd2lite', 'run', COURSE, '--tab', 'all', '--verbose', '--jobs', '2',
         '--output', tmp_path / 'out', '--report', tmp_path / 'report.json'],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr
    runs = json.loads((tmp_path / 'report.json').read_text())['runs']
    tabs = {place: {run['tab'] for run in runs if run['place'] == place} for place in
            ('tools.md', 'part/second.md', 'part/third.md')}  # fmt: skip
    everywhere = {'pytorch', 'jax', 'tensorflow', 'mxnet', 'nnx'}
    assert tabs['tools.md'] == tabs['part/second.md'] == everywhere
    assert tabs['part/third.md'] == {'pytorch'}
    lines = process.stdout.splitlines()
    for tab in everywhere:
        assert f'part/second.md · {tab}: from the course: Trainer.greeting: tools.md:98' in lines
        assert f'part/second.md · {tab}: d2lite has its own: Trainer.fit: tools.md:102' in lines
    assert not any('pyclbr' in line for line in lines)  # nobody asks for it
    notebook = nbformat.read(tmp_path / 'out/tools.jax.ipynb', 4)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == 'markdown']
    assert not any('On PyTorch' in text for text in prose)


def test_it_is_without_errors(command):
    code, out, err = command('library', COURSE)
    assert (code, err) == (0, '') and '12 names, no errors, 3 notes' in out
    code, out, _ = command('doctor', '--course', COURSE)
    assert code == 0 and 'jax: nothing is missing' in out


def test_a_script_and_an_editor_use_it_as_a_package(command, tmp_path):
    code, out, _ = command('library', COURSE, '--output', tmp_path / 'my_course')
    assert code == 0 and 'my_course/torch.py' in out
    assert command('library', COURSE, '--output', tmp_path / 'my_course')[0] == 0
    script = (
        'from my_course import torch as d2l\n'
        'assert d2l.length(d2l.tensor([3.0, 4.0])) == 5\n'
        "assert d2l.Counter('abbb').most_common() == 'b'\n"
        "assert d2l.Trainer(max_epochs=2).greeting() == 'hello for 2 epochs'\n"
        "assert d2l.Net(lr=1).describe() == 'Net learns with 1'\n"
        "assert d2l.scale() == 2 and 'words' in d2l.DATA_HUB and 'Vocab' in dir(d2l)\n"
        "assert d2l.TimeMachine.__module__.startswith('d2lite')\n"
    )
    require('pytorch')
    (tmp_path / 'script.py').write_text(script)
    environment = {'PATH': '', 'PYTHONPATH': str(tmp_path)}
    subprocess.run([sys.executable, 'script.py'], check=True, cwd=tmp_path, env=environment)
    project = jedi.Project(tmp_path)
    code = 'from my_course import torch as d2l\nd2l.'
    names = {each.name for each in jedi.Script(code, project=project).complete()}
    assert {'length', 'Net', 'Trainer'} <= names  # d2lite's are those of a stand-in here
    text = (tmp_path / 'my_course/torch.py').read_text()
    assert '# tools.md:73\ndef length(x,\n' in text and '#@save' not in text
    (tmp_path / 'my_course/torch.py').write_text('own = 1\n')
    assert command('library', COURSE, '--output', tmp_path / 'my_course')[0] == 2
    assert command('library', COURSE, '--output', tmp_path / 'my-course')[0] == 2


def test_a_script_in_the_folder_has_its_names(tmp_path):
    """So does a live notebook: only the working directory says which course it is."""
    require('pytorch')
    code = (
        'from d2lite import torch as d2l\n'
        'import d2lite, os\n'
        "assert d2l.FAMILY == 'functions' and d2l.scale() == 2 and d2l.Net(lr=1)\n"
        "os.environ['D2LITE_BACKEND'] = 'pytorch'\n"
        'assert d2lite.squared(d2lite.tensor([2.0])) == 4\n'
        "assert d2l.Trainer(max_epochs=1).greeting() == 'hello for 1 epochs'\n"
    )
    environment = {'PATH': '', 'HOME': str(tmp_path), 'XDG_CACHE_HOME': str(tmp_path)}
    subprocess.run([sys.executable, '-c', code], check=True, cwd=COURSE / 'part', env=environment)
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert "d2lite on pytorch has no 'FAMILY'" in done.stderr


@pytest.mark.parametrize('prefer', ['d2lite', 'course'])
def test_what_a_failure_says(command, tmp_path, prefer):
    """Stand-ins take the place of the frameworks here."""
    (tmp_path / 'd2lite.toml').write_text('[course]\n')
    saved = '```python\n{}\n```\n'
    (tmp_path / 'a.md').write_text(
        '```python\n%%tab pytorch\ndef wrong(x):  #@save\n    return x / 0\n\n'
        'def numpy(tensor, copy):  #@save\n    return copy\n```\n'
        '```python\n%%tab jax\ndef of_jax():  #@save\n    pass\n```\n'
    )
    pages = {
        'b': 'd2l.wrong(1)',
        'c': 'd2l.numpy(1, copy=2)',
        'd': 'd2l.of_jax()',
        'e': 'import not_here',
    }
    for name, code in pages.items():
        (tmp_path / f'{name}.md').write_text(saved.format(code))
    hints = {}
    for name in pages:
        _, _, err = command('run', f'{name}.md', '--tab', 'pytorch', '--prefer', prefer)
        hints[name] = err
    folder = tmp_path.name
    assert 'The error is in saved code, a.md:4 (cell 1), which b.md asked for.' in hints['b'], (
        folder
    )
    assert 'The course saves of_jax on jax (a.md:11) only.' in hints['d']
    assert 'To install what is missing: pip install not-here' in hints['e']
    own = 'This is numpy of d2lite; the course has its own, in a.md:6. --prefer course,'
    assert (own in hints['c']) == (prefer == 'd2lite')
    assert ('failed' in hints['c']) == (prefer == 'd2lite')
