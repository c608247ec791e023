"""Differences between the tabs of a page at its end."""

import numpy as np
import pytest
from contract import require

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
def test_the_table_and_the_exit_code(tmp_path, capsys, other, code):
    require('pytorch'), require('mxnet')
    assert report(page(tmp_path, other), ['pytorch', 'mxnet'], 0, 600, 1e-4) == code
    printed = capsys.readouterr().out
    assert 'page.md on pytorch, mxnet, seed 0' in printed and 'trainer.w' in printed


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
