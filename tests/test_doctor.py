"""`d2lite doctor`."""

import os
import sys

import pytest
from contract import BACKENDS, require

from d2lite import doctor, selection


@pytest.mark.parametrize('name', BACKENDS)
def test_what_works(name):
    d2l = require(name)
    framework = d2l.framework
    expected = framework.version(), framework.device_names(), ''
    expected += framework.cuda_version(), d2l.num_gpus()
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


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Puts an `nvidia-smi` on PATH that prints what it is given and ends with that exit code."""

    def install(output, exit_code=0):
        program = tmp_path / 'nvidia-smi'
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\nexit {exit_code}\n")
        program.chmod(0o755)
        monkeypatch.setenv('PATH', f'{tmp_path}:{os.environ["PATH"]}')

    return install


H100 = 'NVIDIA H100 80GB HBM3, 81559 MiB, 580.65.06'
WORKS = doctor.Diagnosis('1.0', ['cpu'], '')


def report(monkeypatch, capsys, **diagnoses):
    """What `d2lite doctor` prints of backends in these states."""
    monkeypatch.setattr(selection, 'registered_backends', lambda: dict.fromkeys(diagnoses, ''))
    monkeypatch.setattr(doctor, 'diagnose', diagnoses.get)
    assert doctor.report() == 0
    return capsys.readouterr().out


def test_the_gpus_are_named(nvidia_smi, monkeypatch, capsys):
    nvidia_smi(H100 + '\nNVIDIA A10, 23028 MiB, 580.65.06')
    uses = doctor.Diagnosis('2.11', ['cuda:0', 'cpu'], '', '13.0', 1)
    printed = report(monkeypatch, capsys, pytorch=uses)
    assert 'GPU of this machine: NVIDIA H100 80GB HBM3, 81559 MiB, driver 580.65.06\n' in printed
    assert 'GPU of this machine: NVIDIA A10, 23028 MiB, driver 580.65.06\n' in printed
    assert '13.0' in printed and 'does not use' not in printed and 'No GPU' not in printed


@pytest.mark.parametrize(
    ('name', 'driver', 'line'),
    [
        ('pytorch', '580.65.06', 'https://pytorch.org/get-started/locally'),
        ('tensorflow', '580.65.06', 'pip install "tensorflow[and-cuda]"'),
        ('jax', '580.65.06', 'pip install "jax[cuda13]"'),
        ('jax', '550.54', 'pip install "jax[cuda12]"'),
    ],
)
def test_what_installs_the_build_for_a_gpu(name, driver, line, nvidia_smi, monkeypatch, capsys):
    nvidia_smi(H100.replace('580.65.06', driver))
    printed = report(monkeypatch, capsys, **{name: WORKS})
    assert f'{name} does not use the GPU: this build is without' in printed
    assert line in printed


def test_mxnet_has_no_build_for_a_gpu(nvidia_smi, monkeypatch, capsys):
    nvidia_smi(H100)
    printed = report(monkeypatch, capsys, mxnet=WORKS)
    assert 'mxnet has no release for GPUs with a current CUDA' in printed
    assert 'install' not in printed


def test_a_build_for_gpus_that_finds_none_is_told(nvidia_smi, monkeypatch, capsys):
    nvidia_smi(H100)
    printed = report(monkeypatch, capsys, pytorch=WORKS._replace(cuda='13.0'))
    assert 'pytorch finds no GPU, though it is built for CUDA 13.0. Is driver 580.65.06' in printed


@pytest.mark.parametrize('there', [True, False])
def test_without_a_gpu_there_is_one_line_and_nothing_to_install(
    there, nvidia_smi, monkeypatch, capsys, tmp_path
):
    if there:
        nvidia_smi('NVIDIA-SMI has failed because it could not communicate with the driver', 9)
    else:
        monkeypatch.setenv('PATH', str(tmp_path))
    printed = report(monkeypatch, capsys, pytorch=WORKS, jax=WORKS, tensorflow=WORKS, mxnet=WORKS)
    assert printed.endswith('\nNo GPU here: everything trains on the CPU.\n')


def test_a_gpu_without_nvidia_smi_counts(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))  # as on an Apple machine
    uses = doctor.Diagnosis('2.11', ['mps', 'cpu'], '', '', 1)
    assert 'No GPU here' not in report(monkeypatch, capsys, pytorch=uses)
