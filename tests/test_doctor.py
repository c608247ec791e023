"""`d2lite doctor`."""

import sys

import pytest
from contract import BACKENDS, require

from d2lite import doctor, selection


@pytest.mark.parametrize('name', BACKENDS)
def test_what_works(name):
    framework = require(name).framework
    expected = framework.version(), framework.device_names(), ''
    assert doctor.diagnose(name) == expected


def test_mxnets_quarrel_with_numpy_is_told():
    require('mxnet')
    import numpy

    expected = ['mxnet asks for numpy<2.0.0,>1.16.0'] if numpy.__version__ >= '2' else []
    assert doctor.numpy_conflicts('mxnet') == expected
    assert doctor.numpy_conflicts('pytorch') == []


def test_what_is_missing_comes_with_the_line_that_installs_it(monkeypatch, capsys):
    monkeypatch.setattr(selection, 'missing_modules', lambda name: [f'{name}-module'])
    assert doctor.report() == 1
    printed = capsys.readouterr().out
    for name in BACKENDS:
        assert f'not installed: {name}-module' in printed
        assert f'To install {name}:\n    {selection.install_line(name)}' in printed


def test_what_is_installed_but_broken_is_told(monkeypatch, tmp_path):
    require('pytorch')
    (tmp_path / 'torch.py').write_text('raise RuntimeError("no such luck")')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    assert doctor.diagnose('pytorch').problem == 'RuntimeError: no such luck'


def test_what_crashes_is_told(monkeypatch, tmp_path):
    require('pytorch')
    (tmp_path / 'torch.py').write_text('import os; os._exit(3)')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    assert doctor.diagnose('pytorch').problem == 'exit code 3'


def test_this_process_stays_free_of_frameworks():
    from contract import python

    process = python(
        'import sys; from d2lite import doctor; doctor.report(); print("torch" in sys.modules)'
    )
    assert process.stdout.strip().endswith('False')
    assert sys.executable
