"""Differences between the tabs of a page at its end."""

import json
import os

import numpy as np
import pytest
from contract import require
from typer.testing import CliRunner

from d2lite.cli import app
from d2lite.pages.reading.page import parse_page
from d2lite.pages.running.compare import compare_tabs, deviations, report

PAGE = """
```python
from d2lite import torch, mxnet, selection
d2l = selection.load(selection.backend())
same = d2l.tensor([[1.0, 2.0]])
number = 3
flag = True
_hidden = 1.0
ours = d2l.tensor([1.0, {other}])
shape = d2l.zeros(2 if selection.backend() == 'mxnet' else 3)
model = d2l.LinearRegressionScratch(2, lr=0.1)
trainer = d2l.Trainer(max_epochs=1)
trainer.fit(model, d2l.SyntheticRegressionData(w=d2l.tensor([1.0, 2.0]), b=0.0, num_train=64))
```
"""


def page(tmp_path, other='2.0'):
    return parse_page(PAGE.replace('{other}', other), tmp_path / 'page.md')


def test_variables_of_the_same_name_and_shape_are_compared(tmp_path):
    require('pytorch'), require('mxnet')
    other = "2.5 if selection.backend() == 'mxnet' else 2.0"
    found, results = compare_tabs(page(tmp_path, other), ['pytorch', 'mxnet'])
    assert [result.error for result in results] == [None, None]
    by_name = {each.name: each for each in found}
    assert set(by_name) == {'same', 'number', 'ours', 'trainer.w', 'trainer.b'}
    assert found[0].name == 'ours'
    assert (found[0].absolute, found[0].relative) == (0.5, 0.2)
    assert found[0].between == ('pytorch', 'mxnet') and found[0].shape == (2,)
    assert by_name['same'].absolute == by_name['number'].absolute == 0
    # A common seed: both tabs train from the same weights on the same data.
    assert by_name['trainer.w'].relative < 1e-6 and by_name['trainer.b'].relative < 1e-5


@pytest.mark.parametrize('other, code', [('2.0', 0), ('len(selection.backend())', 1)])
def test_the_table_the_file_and_the_exit_code(tmp_path, capsys, other, code):
    require('pytorch'), require('mxnet')
    args = ['pytorch', 'mxnet'], 0, 600, 1e-4, tmp_path / 'numbers.json'
    assert report(page(tmp_path, other), *args) == code
    printed = capsys.readouterr().out
    assert 'page.md on pytorch, mxnet, seed 0' in printed and 'trainer.w' in printed
    told = [line for line in printed.splitlines() if 'is allowed' in line]
    # The names have 7 and 5 letters.
    wanted = 'ours on pytorch and mxnet is 2.9e-01 apart, relatively: 0.0001 is allowed'
    assert told == [wanted] * code
    content = json.loads((tmp_path / 'numbers.json').read_text())
    assert (content['tabs'], content['seed'], content['tolerance']) == (*args[:2], 1e-4)
    variables = {each['name']: each for each in content['variables']}
    assert set(variables) == {'same', 'number', 'ours', 'trainer.w', 'trainer.b'}
    assert [name for name, each in variables.items() if each['outside']] == ['ours'] * code
    assert variables['ours']['absolute'] == 2 * code and variables['ours']['shape'] == [2]
    assert content['failed'] == {}


def test_a_file_that_cannot_be_written_is_told_before_the_page_runs(tmp_path):
    with pytest.raises(ValueError, match='there is no folder'):
        report(page(tmp_path), ['no tab'], 0, 600, None, tmp_path / 'no/numbers.json')


def test_a_backend_that_cannot_be_imported_is_told_and_the_others_are_compared(
    tmp_path, monkeypatch
):
    require('pytorch'), require('mxnet'), require('jax')
    (tmp_path / 'world').mkdir()
    (tmp_path / 'world/mxnet.py').write_text('raise ImportError("libgomp.so.1: no such file")')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path / 'world'), prepend=os.pathsep)
    lesson, numbers = tmp_path / 'lesson.md', tmp_path / 'numbers.json'
    lesson.write_text('```python\nimport d2lite as d2l\nx = d2l.tensor([1.0, 2.0])\n```\n')
    words = '--backends', 'pytorch,mxnet,jax', '--tolerance', '1e-6', '--json', str(numbers)
    result = CliRunner().invoke(app, ['parity', str(lesson), *words])
    assert result.exit_code == 1, result.output
    (failure,) = [line for line in result.output.splitlines() if 'failed' in line]
    assert failure == 'mxnet failed: ImportError: libgomp.so.1: no such file'
    content = json.loads(numbers.read_text())
    (variable,) = content['variables']
    assert (variable['name'], variable['between']) == ('x', ['pytorch', 'jax'])
    assert list(content['failed']) == ['mxnet'] and 'libgomp' in content['failed']['mxnet']


def test_a_tab_that_fails_is_told(tmp_path, capsys):
    require('pytorch')
    broken = parse_page('```python\n1 / 0\n```', tmp_path / 'page.md')
    assert report(broken, ['pytorch'], 0, 600, None) == 1
    assert 'pytorch failed: cell 1 (line 2): ZeroDivisionError' in capsys.readouterr().out


def test_the_furthest_apart_come_first_and_nan_is_the_furthest():
    a = {'x': np.array([1.0, 2.0]), 'y': np.array(4), 'z': np.array([np.nan]), 'n': np.zeros(0)}
    b = {'x': np.array([1.0, 2.1]), 'y': np.array(4), 'z': np.array([1.0]), 'n': np.zeros(0)}
    found = deviations({'a': a, 'b': b, 'c': b})
    assert [each.name for each in found] == ['z', 'x', 'n', 'y']
    assert found[1].relative == pytest.approx(0.1 / 2.1) and found[1].between[0] == 'a'
    assert found[2].absolute == 0
    assert deviations({'a': a}) == []
