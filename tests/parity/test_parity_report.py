"""`d2lite parity`: the table, the files and the exit code."""

import json

import numpy as np
import pytest
from contract import require
from problems import LINEAR
from typer.testing import CliRunner

from d2lite import BackendError, selection
from d2lite.cli import app
from d2lite.parity import MODELS, PrecisionError, standard_problem
from d2lite.parity import report as parity_report
from d2lite.parity.comparison import reference_record
from d2lite.parity.picture import draw
from d2lite.parity.report import report


def command(*words):
    return CliRunner().invoke(app, ['parity', *words])


def perturbed(backend, problem, step=2):
    found = reference_record(problem)
    found.backend, found.version, found.model = backend, '7.0', problem.model
    found.loss[step] *= 1.1
    return found


def test_a_line_for_each_backend_and_model_and_0(capsys):
    for name in selection.registered_backends():
        require(name)
    assert report(num_steps=3) == 0
    printed = capsys.readouterr().out
    assert 'relative to the scale: 1e-06 in one step, 1e-05 in all.' in printed
    lines = [line for line in printed.splitlines() if line.startswith('│')]
    found = [(cells[1].strip(), cells[3].strip()) for cells in (line.split('│') for line in lines)]
    assert found == [(backend, model) for model in LINEAR for backend in selection.available()]
    for line in lines:
        steps, *numbers, first = (cell.strip() for cell in line.split('│')[4:-1])
        assert steps == '3'
        assert first == '-' and all(0 <= float(number) < 1e-5 for number in numbers)


def test_all_is_every_model(monkeypatch, capsys):
    require('jax')
    monkeypatch.setattr(parity_report, 'record_training', lambda _, problem: perturbed('', problem))
    assert report(['all'], ['jax'], num_steps=4) == 1
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if line.startswith('│')]
    assert [line.split('│')[3].strip() for line in lines] == list(MODELS)
    assert '1e-05 in all (LinearRegressionScratch, LinearRegression).' in printed


def test_1_and_the_step_and_the_value_if_one_is_outside(monkeypatch, capsys):
    require('jax')
    monkeypatch.setattr(parity_report, 'record_training', perturbed)
    assert report(['LinearRegression'], ['jax'], num_steps=5) == 1
    printed = capsys.readouterr().out
    (line,) = [line for line in printed.splitlines() if line.startswith('│')]
    assert line.split('│')[-2].strip() == '3' and '7.0' in line
    (line,) = [line for line in printed.splitlines() if line.startswith('LinearRegression on jax')]
    assert 'from step 3: the loss deviates by ' in line and 'where 1e-06 is allowed' in line
    assert line.endswith('1e-05 in all.') and 'net.' not in line


def test_1_and_the_reason_if_one_has_another_dtype(monkeypatch, capsys):
    require('jax')

    def refuse(*_):
        raise PrecisionError('its loss is float32')

    monkeypatch.setattr(parity_report, 'record_training', refuse)
    assert report(['LinearRegression'], ['jax'], dtype='float64') == 1
    printed = capsys.readouterr().out
    assert 'other dtype' in printed and 'its loss is float32' in printed


def test_what_cannot_be_computed_in_float64_is_told_and_no_failure(monkeypatch, capsys):
    require('jax')
    model = 'SoftmaxRegression'
    monkeypatch.setitem(MODELS[model].float32_only, 'jax', 'the reason')
    monkeypatch.setattr(parity_report, 'record_training', perturbed)
    assert report([model], ['jax'], dtype='float64') == 0
    printed = capsys.readouterr().out
    assert f'float32 only, since the reason: {model} on jax.' in printed
    assert report([model], ['jax']) == 1  # it is trained in float32


def test_the_picture_has_two_panels_for_each_model_and_a_line_for_each_backend():
    problems = {name: standard_problem(name, num_steps=4) for name in LINEAR}
    records = [
        perturbed(backend, problem, step)
        for problem in problems.values()
        for backend, step in (('jax', 0), ('mxnet', 3))
    ]
    loss, parameters, other, _ = draw(records, problems).axes
    first, last = (line.get_ydata() for line in loss.lines[:2])
    problem = problems['LinearRegressionScratch']
    expected = 0.1 * reference_record(problem).loss
    expected /= np.maximum(reference_record(problem).loss, problem.loss_scale)
    assert first[0] == pytest.approx(expected[0]) and np.isnan(first[1:]).all()
    assert last[3] == pytest.approx(expected[3]) and np.isnan(last[:3]).all()
    assert [text.get_text() for text in loss.figure.legends[0].texts] == ['jax', 'mxnet', 'allowed']
    assert parameters.get_title() == 'LinearRegressionScratch: parameters, float32'
    assert other.get_title() == 'LinearRegression: loss, float32'


def test_the_command(tmp_path):
    require('pytorch')
    result = command('--backends', 'torch', '--model', 'LinearRegression', '--steps', '2',
                     '--dtype', 'float64', '--plot', str(tmp_path / 'deviation.svg'),
                     '--json', str(tmp_path / 'numbers.json'))  # fmt: skip
    assert result.exit_code == 0, result.output
    assert 'in float64' in result.output and 'Scratch' not in result.output
    assert '<svg' in (tmp_path / 'deviation.svg').read_text()
    content = json.loads((tmp_path / 'numbers.json').read_text())
    (found,) = content['models']
    assert content['dtype'] == 'float64' and found['tolerance'] == {'step': 1e-12, 'run': 1e-12}
    assert (found['model'], found['backend'], found['steps']) == ('LinearRegression', 'pytorch', 2)
    assert found['outside'] is False and found['why_not'] is None
    assert set(found['deviations']) == {'loss', 'net.weight', 'net.bias'}
    for numbers in found['deviations'].values():
        assert len(numbers['absolute']) == len(numbers['relative']) == 2
        assert all(0 <= number < 1e-12 for number in numbers['relative'])


def test_the_file_tells_what_is_outside_and_has_null_for_nan(monkeypatch, tmp_path):
    require('jax')

    def broken(backend, problem):
        found = perturbed(backend, problem)
        found.loss[2] = np.nan
        return found

    monkeypatch.setattr(parity_report, 'record_training', broken)
    path = tmp_path / 'numbers.json'
    assert report(['LinearRegression'], ['jax'], num_steps=4, json_file=path) == 1
    (found,) = json.loads(path.read_text())['models']
    assert found['outside'] is True and found['first_step_outside'] == 3
    assert found['deviations']['loss']['relative'] == [0, 0, None, 0]


def test_the_command_exits_with_1_if_one_is_outside(monkeypatch):
    require('pytorch'), require('jax')
    monkeypatch.setattr(parity_report, 'record_training', perturbed)
    assert command('--backends', 'pytorch,jax', '--steps', '3').exit_code == 1


@pytest.mark.parametrize(
    'words, message',
    [
        (['--backends', 'torhc'], "Unknown backend 'torhc'"),
        (
            ['--model', 'VGG'],
            "no model 'VGG' to train: there are LinearRegressionScratch, Linear",
        ),
        (['--dtype', 'float16'], "dtype must be 'float32' or 'float64', got 'float16'"),
        (['--steps', '0'], 'the number of steps must be at least 1, got 0'),
        (['--plot', 'deviation.txt'], 'deviation.txt: a picture can be one of'),
        (['--plot', 'no/such/folder/x.png'], 'no/such/folder'),
        (['--json', 'no/such/folder/x.json'], 'no/such/folder'),
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
