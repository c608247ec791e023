"""Arrays of 16 and of 8 bits: files keep their type, and take no array that they cannot keep."""

import ml_dtypes
import numpy as np
import pytest
from contract import backend_of, small_data

from d2lite.saving import storage

HALF = [np.dtype('float16'), np.dtype(ml_dtypes.bfloat16)]
SMALL = [np.dtype(ml_dtypes.float8_e4m3fn), np.dtype(ml_dtypes.float8_e5m2)]


def held(d2l, dtype):
    """Whether the framework has arrays of this type."""
    return backend_of(d2l) != 'mxnet' or dtype.isbuiltin == 1


@pytest.mark.parametrize('dtype', HALF + SMALL, ids=str)
def test_a_file_keeps_the_type(dtype, tmp_path):
    array = np.arange(-3, 3).reshape(3, 2).astype(dtype)
    storage.write(tmp_path / 'x', 'parameters', {'w': array, 'b': array[0, 0]}, {})
    found, _ = storage.read(tmp_path / 'x', 'parameters')
    np.testing.assert_array_equal(found['w'], array, strict=True)
    np.testing.assert_array_equal(found['b'], array[0, 0], strict=True)


def test_the_type_in_a_header_cannot_be_changed(tmp_path):
    array = np.ones((3, 2), ml_dtypes.float8_e5m2)
    storage.write(tmp_path / 'x', 'parameters', {'w': array}, {})
    contents = (tmp_path / 'x').read_bytes()
    (tmp_path / 'x').write_bytes(contents.replace(b'F8_E5M2', b'F8_E4M3'))
    with pytest.raises(storage.FileError, match='the contents do not match the checksum'):
        storage.read(tmp_path / 'x', 'parameters')


def test_any_byte_order_is_read_back(tmp_path):
    array = np.arange(6, dtype='>f4')
    storage.write(tmp_path / 'x', 'parameters', {'w': array}, {})
    np.testing.assert_array_equal(storage.read(tmp_path / 'x', 'parameters')[0]['w'], array)


@pytest.mark.parametrize('dtype', [ml_dtypes.int4, 'complex128', 'U3', [('bfloat16', np.uint16)]])
def test_what_no_file_can_hold_is_told_and_the_old_file_stays(dtype, tmp_path):
    storage.write(tmp_path / 'x', 'parameters', {'w': np.ones(3)}, {})
    old = (tmp_path / 'x').read_bytes()
    with pytest.raises(TypeError, match="array 'w' is of type .*, which no file can hold: convert"):
        storage.write(tmp_path / 'x', 'parameters', {'w': np.zeros(3, dtype)}, {})
    assert (tmp_path / 'x').read_bytes() == old


def test_what_would_not_be_read_takes_no_place(tmp_path, monkeypatch):
    storage.write(tmp_path / 'x', 'parameters', {'w': np.ones(3)}, {})
    old = (tmp_path / 'x').read_bytes()
    monkeypatch.setattr('safetensors.numpy.save', lambda arrays, metadata: b'no such file')
    with pytest.raises(storage.FileError, match='its contents cannot be read'):
        storage.write(tmp_path / 'x', 'parameters', {'w': np.zeros(3)}, {})
    assert (tmp_path / 'x').read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ['x']


def trained(d2l, dtype=None, **kwargs):
    """Linear regression whose parameters and data are of type `dtype`."""
    d2l.seed_everything(0)
    model, data = d2l.LinearRegressionScratch(2, lr=0.03), small_data(d2l)
    if dtype is not None:
        data.X, data.y = (data.as_tensor(d2l.numpy(X).astype(dtype)) for X in (data.X, data.y))
        kwargs['init_params'] = lambda found: {k: v.astype(dtype) for k, v in found.items()}
    trainer = d2l.Trainer(kwargs.pop('max_epochs', 1))
    trainer.fit(model, data, **kwargs)
    return trainer


@pytest.mark.parametrize('dtype', HALF + SMALL, ids=str)
def test_parameters_keep_their_type(d2l, dtype, tmp_path):
    if not held(d2l, dtype):
        pytest.skip('MXNet has no arrays of this type')
    trainer = trained(d2l)
    arrays = {name: array.astype(dtype) for name, array in trainer.get_parameters().items()}
    storage.write(tmp_path / 'x', 'parameters', arrays, {})
    trainer.load_parameters(tmp_path / 'x')
    trainer.save_parameters(tmp_path / 'y')
    found = d2l.load_parameters(tmp_path / 'y')
    assert {array.dtype for array in found.values()} == {dtype}
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def test_what_mxnet_has_no_arrays_of_is_told_and_changes_nothing(d2l):
    if backend_of(d2l) != 'mxnet':
        pytest.skip('this framework has them')
    trainer = trained(d2l)
    before = trainer.get_parameters()
    half = {name: array.astype(ml_dtypes.bfloat16) for name, array in before.items()}
    with pytest.raises(TypeError, match='w is of type bfloat16, and MXNet has no such arrays'):
        trainer.fit(trainer.model, small_data(d2l), init_params=half)
    for name, array in trainer.get_parameters().items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize('dtype', HALF, ids=str)
def test_a_training_in_half_precision_goes_on_from_its_checkpoint(d2l, dtype, tmp_path):
    if backend_of(d2l) == 'mxnet':
        pytest.skip('on a CPU MXNet multiplies no matrices of 16 bits')
    expected = trained(d2l, dtype, max_epochs=2).get_parameters()
    assert {array.dtype for array in expected.values()} == {dtype}
    trained(d2l, dtype, max_epochs=1).save_checkpoint(tmp_path / 'x')
    found = trained(d2l, dtype, max_epochs=2, ckpt_path=tmp_path / 'x').get_parameters()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


@pytest.mark.parametrize('dtype', HALF + SMALL, ids=str)
def test_numpy_of_small_floats(d2l, dtype):
    if not held(d2l, dtype):
        pytest.skip('MXNet has no arrays of this type')
    array = np.arange(-3, 3).reshape(3, 2).astype(dtype)
    tensor = d2l.DataModule.as_tensor(array)
    np.testing.assert_array_equal(d2l.numpy(tensor), array, strict=True)
    np.testing.assert_array_equal(np.asarray(d2l.numpy(tensor[1, 0])), array[1, 0], strict=True)
