"""What docs/parity.md shows runs, and prints what one would expect."""

import re
from pathlib import Path

import pytest
from contract import require

BLOCKS = re.findall(
    r'```python\n(.*?)```',
    (Path(__file__).parents[2] / 'docs/parity.md').read_text(encoding='utf-8'),
    re.DOTALL,
)


def test_steps_are_arrays(capsys):
    require('pytorch')
    exec(BLOCKS[0], {})
    shapes, deviation = capsys.readouterr().out.splitlines()
    assert shapes == '(96,) (96, 2, 1)' and 0 < float(deviation) < 1e-6


@pytest.mark.parametrize('activation, outside', [('nn.Tanh()', None), ('nn.Sigmoid()', 1)])
def test_a_model_of_ones_own(capsys, activation, outside):
    require('pytorch')
    names = {}
    exec(BLOCKS[1].replace('nn.Tanh()', activation), names)
    assert "model='Net', " in capsys.readouterr().out
    problem = names['problem']
    assert (
        names['compare'](names['record_training']('pytorch', problem), problem).first_outside
        == outside
    )
