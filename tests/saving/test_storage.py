"""Files: written whole or not at all, read correctly or refused."""

import json
import random

import numpy as np
import pytest
from contract import require, small_data

from d2lite.saving import storage

STATE = {
    'a': np.arange(6, dtype=np.float32).reshape(2, 3),
    3: (np.float64(2.5), [None, True, -1, 2**100, 'text'], {}),
    'scalar': np.array(1.5),
    'empty': np.zeros((0, 3)),
    'bytes': np.arange(7, dtype=np.uint8),
}


def same(a, b):
    if isinstance(a, np.ndarray | np.generic):
        a, b = np.asarray(a), np.asarray(b)
        return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'state.safetensors'
    arrays, packed = storage.pack(STATE)
    storage.write(path, 'checkpoint', arrays, {'state': packed})
    return path


def load(path):
    arrays, values = storage.read(path, 'checkpoint')
    return storage.unpack(arrays, values['state'])


def test_what_was_written_is_read(path):
    assert same(load(path), STATE)


def test_the_same_contents_are_the_same_file(tmp_path):
    arrays, packed = storage.pack(STATE)
    for name in 'abcdefgh':
        storage.write(tmp_path / name, 'checkpoint', arrays, {'state': packed})
    assert len({(tmp_path / name).read_bytes() for name in 'abcdefgh'}) == 1


def test_arrays_in_any_order_of_memory(tmp_path):
    array = np.arange(6.0).reshape(2, 3).T
    storage.write(tmp_path / 'x', 'parameters', {'w': array}, {})
    np.testing.assert_array_equal(storage.read(tmp_path / 'x', 'parameters')[0]['w'], array)


def test_the_file_is_a_plain_safetensors_file(path):
    from safetensors.numpy import load_file

    assert any(np.array_equal(array, STATE['a']) for array in load_file(path).values())


@pytest.mark.parametrize('kind', ['parameters', 'checkpoint'])
def test_flipped_bits_and_cut_files_are_refused_or_harmless(kind, tmp_path):
    """10,000 of them; each is read as it was, or refused by our own error."""
    d2l = require('pytorch')
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.03), small_data(d2l))
    path = tmp_path / 'whole'
    getattr(trainer, f'save_{kind}')(path)
    expected = storage.read(path, kind)
    data, rng = path.read_bytes(), random.Random(0)
    broken = tmp_path / 'broken'
    refused = 0
    for _ in range(10_000):
        damaged = bytearray(data)
        if rng.random() < 0.3:
            damaged = damaged[: rng.randrange(len(data))]
        else:
            for _ in range(rng.choice([1, 1, 2, 8])):
                damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        broken.write_bytes(damaged)
        try:
            assert same(storage.read(broken, kind), expected)
        except storage.FileError as error:
            assert str(error).startswith(f'{broken}: ')
            refused += 1
    assert refused > 9_900


@pytest.mark.parametrize(
    'contents', [b'', b'PK\x03\x04', b'\x80\x04\x95', b'\xff' * 100, b'\x02' + bytes(7) + b'[]']
)
def test_other_files_are_refused(tmp_path, contents):
    (tmp_path / 'x').write_bytes(contents)
    with pytest.raises(storage.FileError, match='damaged, cut off, or no file of d2lite'):
        storage.read(tmp_path / 'x', 'checkpoint')


def test_a_safetensors_file_of_somebody_else_is_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({'w': np.ones(3)}, tmp_path / 'x')
    with pytest.raises(storage.FileError, match='none that d2lite wrote'):
        storage.read(tmp_path / 'x', 'parameters')


def test_a_missing_file_and_one_of_another_kind(path, tmp_path):
    with pytest.raises(storage.FileError, match='cannot be read: No such file'):
        storage.read(tmp_path / 'none', 'checkpoint')
    with pytest.raises(storage.FileError, match='holds checkpoint, where parameters was expected'):
        storage.read(path, 'parameters')


def test_a_file_of_a_newer_format_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, 'FORMAT', storage.FORMAT + 1)
    storage.write(tmp_path / 'x', 'parameters', {}, {})
    monkeypatch.undo()
    with pytest.raises(storage.FileError, match='newer than what this d2lite .* update d2lite'):
        storage.read(tmp_path / 'x', 'parameters')


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    old = path.read_bytes()

    def full(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match='No space left'):
        storage.write(path, 'checkpoint', {'w': np.ones(3)}, {})
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_saved_is_named():
    with pytest.raises(TypeError, match='object is neither an array nor a plain value'):
        storage.pack({'x': [object()]})


def test_nothing_is_pickled(path):
    header = json.loads(path.read_bytes()[8 : 8 + int.from_bytes(path.read_bytes()[:8], 'little')])
    assert b'pickle' not in path.read_bytes()
    assert set(header['__metadata__']) == {'d2lite'}
