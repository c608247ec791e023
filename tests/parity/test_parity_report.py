"""`d2lite parity`: the table, the picture and the exit code."""

import numpy as np
import pytest
from contract import BACKENDS, require
from typer.testing import CliRunner

from d2lite import BackendError
from d2lite.cli import app
from d2lite.parity import PrecisionError, Problem
from d2lite.parity import report as parity_report
from d2lite.parity.compare import reference_record
from d2lite.parity.report import draw, report


def command(*words):
    return CliRunner().invoke(app, ['parity', *words])


def perturbed(backend, model, problem, step=2):
    found = reference_record(problem)
    found.backend, found.version, found.model = backend, '7.0', model
    found.loss[step] *= 1.001
    return found


def test_a_line_for_each_backend_and_model_and_0(capsys):
    for name in BACKENDS:
        require(name)
    assert report(num_steps=3) == 0
    printed = capsys.readouterr().out
    assert 'over 3 steps in float32' in printed and '1e-06 in one step, 1e-05 in all' in printed
    lines = [line for line in printed.splitlines() if 'LinearRegression' in line]
    found = [(cells[1].strip(), cells[3].strip()) for cells in (line.split('│') for line in lines)]
    models = ('LinearRegressionScratch', 'LinearRegression')
    assert found == [(backend, model) for model in models for backend in BACKENDS]
    for line in lines:
        *numbers, first = (cell.strip() for cell in line.split('│')[4:-1])
        assert first == '-' and all(0 <= float(number) < 1e-5 for number in numbers)


def test_1_and_the_step_if_one_is_outside(monkeypatch, capsys):
    require('jax')
    monkeypatch.setattr(parity_report, 'record_training', perturbed)
    assert report(['LinearRegression'], ['jax'], num_steps=5) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if 'jax' in line]
    assert line.split('│')[-2].strip() == '3' and '7.0' in line


def test_1_and_the_reason_if_one_has_another_dtype(monkeypatch, capsys):
    require('jax')

    def refuse(*_):
        raise PrecisionError('its loss is float32')

    monkeypatch.setattr(parity_report, 'record_training', refuse)
    assert report(['LinearRegression'], ['jax'], dtype='float64') == 1
    printed = capsys.readouterr().out
    assert 'other dtype' in printed and 'its loss is float32' in printed


def test_the_picture_has_a_line_for_each_record():
    problem = Problem.standard(num_steps=4)
    records = [perturbed('jax', 'LinearRegression', problem, step) for step in (0, 3)]
    loss, parameters = draw(records, problem).axes
    drawn = [line.get_ydata() for line in loss.lines[:2]]
    expected = (
        0.001
        * reference_record(problem).loss
        / np.maximum(reference_record(problem).loss, np.mean(problem.y.astype(float) ** 2) / 2)
    )
    assert drawn[0][0] == pytest.approx(expected[0]) and np.isnan(drawn[0][1:]).all()
    assert drawn[1][3] == pytest.approx(expected[3]) and np.isnan(drawn[1][:3]).all()
    assert [text.get_text() for text in loss.figure.legends[0].texts] == [
        *['jax, LinearRegression'] * 2,
        'allowed',
    ]
    assert parameters.get_title() == 'parameters, float32'


def test_the_command(tmp_path):
    require('pytorch')
    result = command('--backends', 'torch', '--model', 'LinearRegression', '--steps', '2',
                     '--dtype', 'float64', '--plot', str(tmp_path / 'deviation.svg'))  # fmt: skip
    assert result.exit_code == 0, result.output
    assert 'over 2 steps in float64' in result.output and 'Scratch' not in result.output
    assert '<svg' in (tmp_path / 'deviation.svg').read_text()


def test_the_command_exits_with_1_if_one_is_outside(monkeypatch):
    require('pytorch'), require('jax')
    monkeypatch.setattr(parity_report, 'record_training', perturbed)
    assert command('--backends', 'pytorch,jax', '--steps', '3').exit_code == 1


@pytest.mark.parametrize(
    'words, message',
    [
        (['--backends', 'torhc'], "Unknown backend 'torhc'"),
        (
            ['--model', 'MLP'],
            "no model 'MLP' to compare: there are LinearRegressionScratch, Linear",
        ),
        (['--dtype', 'float16'], "dtype must be 'float32' or 'float64', got 'float16'"),
        (['--steps', '0'], 'the number of steps must be at least 1, got 0'),
        (['--plot', 'deviation.txt'], 'deviation.txt: a picture can be one of'),
        (['--plot', 'no/such/folder/x.png'], 'no/such/folder'),
    ],
)
def test_what_cannot_be_done_is_told_before_any_training(monkeypatch, words, message):
    monkeypatch.setattr(parity_report, 'record_training', None)
    result = command(*words)
    assert result.exit_code == 2
    assert result.output.startswith('d2lite: ') and message in result.output


def test_a_missing_backend_is_told_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr('d2lite.selection.missing_modules', lambda name: ['nothing_of_the_kind'])
    with pytest.raises(BackendError, match='needs nothing_of_the_kind, not installed'):
        report(backends=['jax'])
    with pytest.raises(BackendError, match='No backend is installed here'):
        report()
