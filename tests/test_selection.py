"""Which backend `import d2lite as d2l` is, and what an error says."""

import importlib

import pytest
from contract import python, require

import d2lite
from d2lite import interface, selection

HIDE = """
import importlib.machinery, importlib.util, sys
hidden = {hidden!r}
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name in hidden else find_spec(name, *a)
"""


def last_line(process):
    assert process.returncode == 0, process.stderr
    return process.stdout.strip().splitlines()[-1]


def test_importing_d2lite_imports_no_framework_and_writes_nothing(tmp_path):
    code = (
        'import sys, d2lite\n'
        'heavy = ("torch", "jax", "tensorflow", "mxnet", "matplotlib.pyplot", "IPython")\n'
        'print([m for m in heavy if m in sys.modules])'
    )
    process = python(code, HOME=str(tmp_path), PYTHONDONTWRITEBYTECODE='1')
    assert last_line(process) == '[]'
    assert list(tmp_path.iterdir()) == []


def test_asking_for_a_module_of_d2lite_selects_no_backend():
    code = (
        'import sys, os, d2lite\n'
        'from d2lite import doctor, plotting\n'
        'd2lite.helpers; os.environ["D2LITE_BACKEND"] = "no such backend"\n'
        'd2lite.seeds\n'
        'print([m for m in ("torch", "jax", "tensorflow", "mxnet") if m in sys.modules])'
    )
    assert last_line(python(code)) == '[]'


def test_completion_of_d2lite_needs_no_framework():
    code = (
        'import sys, d2lite\nnames = dir(d2lite)\n'
        'print("Trainer" in names, "torch" in names, "matmul" in names, "backend" in names,\n'
        '      [m for m in ("torch", "jax", "tensorflow", "mxnet") if m in sys.modules])'
    )
    assert last_line(python(code)) == 'True True True True []'


@pytest.mark.parametrize('name', ['jax', 'pytorch', 'tensorflow', 'mxnet', 'torch', 'TF'])
def test_the_variable_selects(name):
    selected = selection.canonical_name(name)
    require(selected)
    code = 'import d2lite as d2l; print(d2l.backend(), d2l.Trainer.backend, d2l.Trainer.__module__)'
    package = selection.registered_backends()[selected]
    expected = f'{selected} {selected} {package}.trainer'
    assert last_line(python(code, D2LITE_BACKEND=name)) == expected


def test_the_default_is_the_first_installed():
    code = 'import d2lite as d2l; print(d2l.available(), d2l.backend())'
    process = python(HIDE.format(hidden=['torch', 'optax']) + code)
    assert last_line(process).endswith('tensorflow') and "'jax'" not in last_line(process)


def test_a_wrong_name_is_one_error_with_the_known_names():
    process = python('import d2lite as d2l; d2l.Trainer', D2LITE_BACKEND='keras')
    message = process.stderr.strip().splitlines()[-1]
    assert "Unknown backend 'keras'" in message
    assert all(name in message for name in selection.PREFERENCE)
    assert 'installed here' in message


@pytest.mark.parametrize('use', ['import d2lite as d2l; d2l.Trainer', 'from d2lite import jax'])
def test_a_missing_framework_is_one_error_with_the_line_that_installs_it(use):
    process = python(HIDE.format(hidden=['flax']) + use, D2LITE_BACKEND='jax')
    assert process.returncode != 0
    error = process.stderr[process.stderr.index('BackendError') :]
    assert 'The jax backend needs flax' in error
    assert 'pip install "flax>=' in error and '"jax>=' in error
    assert 'ModuleNotFoundError' not in process.stderr


def test_no_framework_at_all_is_one_error_with_all_lines():
    hidden = ['torch', 'jax', 'tensorflow', 'mxnet']
    process = python(HIDE.format(hidden=hidden) + 'import d2lite as d2l; d2l.Trainer')
    assert 'No deep-learning framework is installed' in process.stderr
    assert '--no-deps mxnet' in process.stderr and '"torch>=' in process.stderr


def test_a_changed_variable_is_an_error_and_an_alias_is_no_change():
    require('pytorch')
    code = (
        'import os, d2lite as d2l\n'
        'd2l.Trainer; os.environ["D2LITE_BACKEND"] = "pytorch"; d2l.Trainer\n'
        'os.environ["D2LITE_BACKEND"] = "jax"\n'
        'try: d2l.Trainer\n'
        'except d2l.BackendError as error: print(error)'
    )
    message = last_line(python(code, D2LITE_BACKEND='torch'))
    assert 'Restart the kernel' in message and "'jax'" in message and "'pytorch'" in message


def test_faces_ignore_the_variable_and_select_nothing():
    require('pytorch'), require('jax')
    code = (
        'from d2lite import torch as d2l\n'
        'import d2lite\n'
        'print(d2l.Trainer.backend, d2lite.backend(), d2lite.torch is d2l)'
    )
    assert last_line(python(code, D2LITE_BACKEND='jax')) == 'pytorch jax True'


def test_a_name_that_no_backend_has():
    require('pytorch')
    process = python('import d2lite as d2l; d2l.Trainr', D2LITE_BACKEND='pytorch')
    assert "d2lite on pytorch has no 'Trainr'" in process.stderr
    assert not hasattr(d2lite, '_repr_html_') and not hasattr(d2lite, '__wrapped__')


def test_somebody_elses_backend_needs_no_line_here(tmp_path):
    package = tmp_path / 'd2lite_abacus'
    package.mkdir()
    (package / '__init__.py').write_text('Trainer = "beads"')
    info = tmp_path / 'd2lite_abacus-1.0.dist-info'
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\nName: d2lite-abacus\nVersion: 1.0\n')
    (info / 'entry_points.txt').write_text('[d2lite.backends]\nabacus = d2lite_abacus\n')
    code = 'import d2lite as d2l; print("abacus" in d2l.available(), d2l.backend(), d2l.Trainer)'
    process = python(code, D2LITE_BACKEND='abacus', PYTHONPATH=str(tmp_path))
    assert last_line(process) == 'True abacus beads'


@pytest.mark.parametrize('order', ['mxnet jax tensorflow torch', 'torch tensorflow jax mxnet'])
def test_all_four_live_in_one_process(order):
    for name in selection.PREFERENCE:
        require(name)
    code = f"""
import numpy as np
for face in {order.split()!r}:
    exec(f'from d2lite import {{face}} as d2l')
    d2l.seed_everything(0)
    model = d2l.LinearRegression(lr=0.03)
    d2l.Trainer(max_epochs=1).fit(model, d2l.SyntheticRegressionData(d2l.tensor([2, -3.4]), 4.2))
    print(face, end=' ')
"""
    assert last_line(python(code)) == order


def test_a_namespace_offers_the_interface(d2l):
    missing = [name for name in interface.NAMES if not hasattr(d2l, name)]
    assert missing == []
    assert set(interface.NAMES) <= set(d2l.__all__) <= set(dir(d2l))


@pytest.mark.parametrize('face', ['torch', 'jax', 'tensorflow', 'mxnet', 'nnx'])
def test_a_face_offers_the_same_and_completes(face):
    namespace = require({'torch': 'pytorch'}.get(face, face))
    module = importlib.import_module(f'd2lite.{face}')
    assert set(namespace.__all__) <= set(dir(module))
    assert all(getattr(module, name) is getattr(namespace, name) for name in namespace.__all__)
