"""The wheel holds the packages at the top level, and nothing called backends."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp('wheel')
    command = [sys.executable, '-m', 'build', '--wheel', '--no-isolation', '--outdir', str(out)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    (path,) = out.glob('*.whl')
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_package(wheel):
    top = {name.split('/')[0] for name in wheel.namelist()}
    top = {name for name in top if not name.endswith('.dist-info')}
    backends = ('mxnet', 'torch', 'tensorflow', 'jax', 'nnx')
    assert top == {'d2lite', *(f'd2lite_{name}' for name in backends)}


def test_the_wheel_holds_every_file(wheel):
    sources = [*(ROOT / 'd2lite').rglob('*.*'), *(ROOT / 'backends').rglob('*.py')]
    sources = [path for path in sources if path.suffix != '.pyc']
    assert {'.html', '.css', '.js', '.md'} <= {path.suffix for path in sources}
    expected = {
        str(path.relative_to(ROOT / 'backends' if 'backends' in path.parts else ROOT))
        for path in sources
    }
    assert expected <= set(wheel.namelist())


def test_the_wheel_holds_the_lessons(wheel):
    lessons = {path.name for path in (ROOT / 'notebooks').glob('*.md')}
    assert lessons and {f'd2lite/lessons/{name}' for name in lessons} <= set(wheel.namelist())


def test_every_package_says_that_it_has_types(wheel):
    top = {name.split('/')[0] for name in wheel.namelist() if name.endswith('.py')}
    assert {f'{package}/py.typed' for package in top} <= set(wheel.namelist())


def test_the_wheel_registers_backends_and_the_command(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith('entry_points.txt'))
    text = wheel.read(name).decode()
    for line in (
        'd2lite = d2lite.cli:main',
        'pytorch = d2lite_torch',
        'mxnet = d2lite_mxnet',
        'tensorflow = d2lite_tensorflow',
        'jax = d2lite_jax',
        'nnx = d2lite_nnx',
    ):
        assert line in text


def test_the_constraints_lie_in_the_ranges():
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
    extras = [r for extra in project['optional-dependencies'].values() for r in extra]
    lines = (ROOT / 'constraints.txt').read_text().splitlines()
    pins = dict(line.split('==') for line in lines if '==' in line and not line.startswith('#'))
    for requirement in map(Requirement, [*project['dependencies'], *extras]):
        if requirement.name != 'd2lite':
            assert requirement.specifier.contains(pins[requirement.name]), requirement.name


def test_the_metadata_lead_to_the_book(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith('METADATA'))
    assert 'Project-URL: Dive into Deep Learning, https://d2l.ai' in wheel.read(name).decode()


def test_a_wheel_finds_its_lessons(wheel, tmp_path):
    wheel.extractall(tmp_path)
    code = (
        'from d2lite.pages import lessons; print(lessons.folder()); print(*lessons.all_lessons())'
    )
    command = [sys.executable, '-P', '-c', code]
    env = os.environ | {'PYTHONPATH': str(tmp_path)}
    out = subprocess.check_output(command, text=True, env=env, cwd=tmp_path).splitlines()
    assert out[0] == str(tmp_path / 'd2lite/lessons')
    assert 'linear-regression-scratch' in out[1].split()
