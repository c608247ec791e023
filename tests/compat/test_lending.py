"""Each name of the table is gone from the installed releases, and comes back with compat()."""

import json
import re
import subprocess
import sys

import pytest
from compat.examples import EXAMPLES, START

from d2lite.pages.compat.table import TABLE, hint

# Runs cells as a notebook does, and writes for each what it used and its error.
RUN = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

start, cells, lend, path = json.loads(sys.argv[1])
shell = InteractiveShell.instance()
if lend:
    import d2lite
    d2lite.compat()
    d2lite.compat()  # again: it does nothing
    from d2lite.pages.compat.old_name import used
assert shell.run_cell(start).success
outcomes = {}
for name, code in cells.items():
    result = shell.run_cell(code)
    error = result.error_before_exec or result.error_in_exec
    outcomes[name] = {
        'error': error and [type(error).__name__, str(error)],
        'used': lend and list(used),
    }
with open(path, 'w') as file:
    json.dump(outcomes, file)
"""

GYMNASIUM = {
    '__init__': 'def make(name): return f"{name} of gymnasium"',
    'spaces': 'Box = "a box"',
    'wrappers': 'Record = "recorder"',
    'envs/__init__': 'registry = {}',
    'envs/registration': 'register = "a function"',
}


@pytest.fixture
def outcomes(tmp_path, monkeypatch):
    """Runs the examples of a group in a new process; the outcome of each."""
    world = tmp_path / 'world'
    for name, text in GYMNASIUM.items():
        path = world / 'gymnasium' / f'{name}.py'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv('PYTHONPATH', str(world), prepend=':')
    monkeypatch.setenv('IPYTHONDIR', str(tmp_path / 'ipython'))
    monkeypatch.delenv('TF_USE_LEGACY_KERAS', raising=False)

    def outcomes(group, lend):
        path = tmp_path / 'outcomes.json'
        arguments = json.dumps([START[group], EXAMPLES[group], lend, str(path)])
        process = [sys.executable, '-c', RUN, arguments]
        ran = subprocess.run(process, cwd=tmp_path, capture_output=True, text=True)
        assert path.exists(), ran.stderr[-2000:]
        return json.loads(path.read_text())

    return outcomes


@pytest.mark.parametrize('group', EXAMPLES)
def test_each_example_runs_with_compat_and_its_name_is_noted(outcomes, group):
    for name, outcome in outcomes(group, lend=True).items():
        assert outcome['error'] is None, name
        assert name in outcome['used'], name


def alike(name):
    """The names whose errors are the same: of the package, of the function beside the method."""
    error = next(entry.error for entry in TABLE if entry.name == name)
    last = name.rpartition('.')[2]
    names = {each.name for each in TABLE if error and each.error == error}
    names |= {each.name for each in TABLE if each.name.endswith(f'.{last}')}
    return names | {name, name.partition('.')[0]}


@pytest.mark.parametrize('group', EXAMPLES)
def test_each_example_fails_without_it_and_the_error_has_a_hint(outcomes, group):
    for name, outcome in outcomes(group, lend=False).items():
        assert outcome['error'] is not None, name
        kind, message = outcome['error']
        text = hint(kind, message, EXAMPLES[group][name])
        shown = re.split(' is (?:gone since|not in) ', text)[0]
        assert shown in alike(name), (name, kind, message, text)
        assert text.endswith(', or run the page with --compat')
        assert hint(kind, message, EXAMPLES[group][name], lent=True) == ''


def test_each_name_that_can_be_lent_has_an_example():
    lendable = [entry.name for entry in TABLE if entry.lendable]
    assert sorted(lendable) == sorted(name for group in EXAMPLES.values() for name in group)


def test_names_that_cannot_be_lent_have_a_hint_without_compat():
    message = "module 'numpy' has no attribute 'math'"
    expected = 'numpy.math is gone since NumPy 1.25; today: import math'
    assert hint('AttributeError', message, '') == expected
    assert hint('AttributeError', message, '', lent=True) == expected


@pytest.mark.parametrize(
    'kind, message',
    [
        ('AttributeError', "module 'jax' has no attribute 'tree_mop'"),
        ('AttributeError', "module 'mxnet.numpy' has no attribute 'int'"),
        ('AttributeError', "'MyFrame' object has no attribute 'append'"),
        ('NameError', "name 'trapz' is not defined"),
        ('TypeError', "f() got an unexpected keyword argument 'labels'"),
        ('ValueError', "could not convert string to float: 'x'"),
        ('ModuleNotFoundError', "No module named 'gym_of_mine'"),
    ],
)
def test_other_errors_have_no_hint(kind, message):
    assert hint(kind, message, 'x = 1') == ''


def test_after_tensorflow_it_warns_that_keras_stays(tmp_path):
    (tmp_path / 'tensorflow.py').write_text('')
    code = 'import sys, tensorflow, d2lite\nd2lite.compat()\n'
    process = [sys.executable, '-c', code]
    ran = subprocess.run(process, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert 'TensorFlow has been imported already, so it keeps its Keras' in ran.stderr


def test_it_imports_nothing(tmp_path):
    code = (
        'import sys, d2lite\nd2lite.compat()\n'
        "print({'jax', 'torch', 'tensorflow', 'pandas', 'matplotlib', 'IPython'} & {*sys.modules})"
    )
    process = [sys.executable, '-c', code]
    assert subprocess.check_output(process, cwd=tmp_path, text=True) == 'set()\n'
