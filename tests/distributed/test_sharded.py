"""Checkpoints of divided parameters: two processes write and read a folder, and one reads it."""

import json
import shutil

import divided
import numpy as np
import pytest
from contract import BACKENDS, require
from starting import start

from d2lite.saving.storage import FileError

ENGINES = ('pytorch', 'jax', 'nnx')
FILE = 'checkpoint.safetensors'


@pytest.fixture(scope='module', params=[name for name in ENGINES if name in BACKENDS])
def backend(request):
    require(request.param)
    return request.param


@pytest.fixture(scope='module')
def folder(tmp_path_factory, backend):
    """What two processes have written."""
    folder = tmp_path_factory.mktemp(backend)
    process = start('divided.py', backend, folder)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    return folder


@pytest.fixture
def found(folder):
    first, second = (json.loads((folder / f'found.{rank}.json').read_text()) for rank in range(2))
    assert first.pop('cut off') == 'OSError: no space left'
    assert first.pop('is a file').startswith(f'FileExistsError: {folder / "file"} is a file, and')
    for error in ('cut off', 'is a file'):
        assert second.pop(error).startswith('RuntimeError: the process of rank 0 has failed')
    assert first == second
    return first


def test_it_goes_on_in_two_bit_for_bit_and_in_whole_parameters(found):
    assert found['fsdp'] == 0
    assert found['auto'] < 1e-6


def test_nothing_divided_is_in_the_file_of_the_first(found):
    assert found['names'] == [FILE, 'parts-1']
    notes = found['written']['notes']
    assert {tuple(sorted(shape)) for shape in notes} >= {(8,), (2, 8), (1, 8)}
    assert [shape for shape in found['written']['arrays'] if np.prod(shape) == 16] == []


def test_one_that_is_cut_off_leaves_the_last_one(found):
    assert found['names when cut off'] == [FILE, 'parts-1', 'parts-2']
    assert found['names after it'] == [FILE, 'parts-3']


def test_a_whole_checkpoint_is_divided_when_read(found):
    assert found['folder or file'] < 1e-6


def test_one_process_reads_the_parts_together(folder, backend):
    trainer = divided.fit(require(backend), ckpt_path=folder / 'within', max_steps=divided.STEPS)
    one, two = divided.state_of(trainer), dict(np.load(folder / 'state.0.npz'))
    assert len(one) > 10 and one.keys() == two.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name])


def test_what_is_no_such_checkpoint_is_told_in_a_sentence(folder, backend, tmp_path):
    d2l, path = require(backend), tmp_path / 'copy'

    def refused(kind, what, d2l=d2l):
        with pytest.raises(kind, match=what):
            divided.fit(d2l, ckpt_path=path)

    shutil.copytree(folder / 'within', path)
    other = next(name for name in ENGINES if name != backend)
    refused(ValueError, f'is a checkpoint of {backend}, this trainer is for', require(other))
    part = max(
        (each for each in path.rglob('*') if each.is_file() and each.name != FILE),
        key=lambda each: each.stat().st_size,
    )
    data = bytearray(part.read_bytes())
    data[-1] ^= 1
    part.write_bytes(data)
    refused(FileError, 'a part of the checkpoint is damaged')
    part.unlink()
    refused(FileError, 'a part of the checkpoint is missing')
    (path / FILE).unlink()
    refused(FileError, f'a folder without {FILE}')
