"""Rows and arrays as NumPy has them, on every backend: masks, negative rows, strides, types."""

import numpy as np
import pytest
from contract import backend_of, batches

from d2lite.data import rows
from d2lite.data.images import Examples

X = np.arange(12, dtype=np.float32).reshape(6, 2)
MASK = np.array([True, False, False, True, True, False])


class Batches:
    """What `get_tensorloader` gives, as NumPy arrays."""

    def __init__(self, d2l, batch_size=4):
        self.d2l, self.data = d2l, d2l.DataModule()
        self.data.batch_size = batch_size

    def __call__(self, *tensors, **kwargs):
        loader = self.data.get_tensorloader(tensors, train=False, **kwargs)
        columns = zip(*batches(self.d2l, loader), strict=True)
        return [np.concatenate(column) for column in columns]


@pytest.mark.parametrize(
    'indices',
    [
        MASK,
        MASK.tolist(),
        [5, 3, 0],
        [-1, 2, -6],
        np.array([4, 4, 1], np.uint8),
        slice(1, -1),
        slice(None, None, -2),
        slice(4, 100),
    ],
    ids=str,
)
def test_rows_are_those_of_numpy(d2l, indices):
    (found,) = Batches(d2l)(d2l.tensor(X), indices=indices)
    np.testing.assert_array_equal(found, X[indices])
    np.testing.assert_array_equal(d2l.numpy(d2l.DataModule.take(d2l.tensor(X), indices)), found)


def test_a_mask_may_be_a_tensor(d2l):
    x = d2l.tensor(X)
    (found,) = Batches(d2l)(x, indices=x[:, 0] > 5)
    np.testing.assert_array_equal(found, X[3:])
    rows = d2l.astype(d2l.tensor([2, 0]), d2l.int32)
    np.testing.assert_array_equal(d2l.numpy(d2l.DataModule.take(x, rows)), X[[2, 0]])


@pytest.mark.parametrize(
    'indices, error, message',
    [
        ([0, 6], IndexError, 'row 6 does not exist: the data have 6 rows'),
        ([-7], IndexError, 'row -7 does not exist'),
        (MASK[:5], IndexError, 'a mask of 5 entries does not fit data of 6 rows'),
        ([[0, 1]], IndexError, r'got shape \(1, 2\)'),
        ([0.0, 1.0], TypeError, 'integers or a mask, got numbers of type float64'),
    ],
)
def test_rows_that_are_not_there(d2l, indices, error, message):
    with pytest.raises(error, match=message):
        Batches(d2l)(d2l.tensor(X), indices=indices)
    with pytest.raises(error, match=message):
        d2l.DataModule.take(d2l.tensor(X), indices)


def test_no_rows_at_all(d2l):
    for indices in ([], np.zeros(6, bool), slice(4, 2)):
        assert tuple(d2l.DataModule.take(d2l.tensor(X), indices).shape) == (0, 2)
        with pytest.raises(ValueError, match='no examples'):
            Batches(d2l)(d2l.tensor(X), indices=indices)


@pytest.mark.parametrize(
    'array',
    [
        X,
        X[::-1],
        X[:, ::-1],
        X[:1][::-1],
        X.astype('>f4'),
        np.asfortranarray(X),
        (X % 5).astype(np.uint8),
        X.astype('>i4'),
        X > 4,
    ],
    ids='plain reversed mirrored one big-endian Fortran bytes integers booleans'.split(),
)
def test_numpy_arrays_become_tensors(d2l, array):
    found, labels = Batches(d2l)(array, np.arange(len(array), dtype=np.uint8), indices=[0, -1])
    np.testing.assert_array_equal(found, array[[0, -1]])
    assert found.dtype == array.dtype.newbyteorder('=')
    assert labels.dtype == np.uint8
    loader = d2l.load_array((array, array), 4)
    batch, _ = next(iter(loader))
    assert type(batch) is type(d2l.tensor(X))
    np.testing.assert_array_equal(
        np.sort(np.concatenate([x for x, _ in batches(d2l, loader)]), axis=0),
        np.sort(array, axis=0),
    )


def test_an_array_is_not_written_to_through_a_tensor(d2l):
    array = X.copy()
    data = d2l.DataModule()
    tensor = data.as_tensor(array)
    array[:] = -1
    np.testing.assert_array_equal(d2l.numpy(tensor), X)


def test_a_list_of_numbers_becomes_a_tensor(d2l):
    tensor = d2l.DataModule.as_tensor([[1.0, 2.5]])
    np.testing.assert_array_equal(d2l.numpy(tensor), np.float32([[1, 2.5]]), strict=True)
    assert len(d2l.load_array(([1.0], [2.0]), 1)) == 1
    with pytest.raises(TypeError, match='of lists that are all as long'):
        d2l.DataModule.as_tensor([[1.0, 2.5], [1.0]])
    with pytest.raises(TypeError, match='expected a tensor, a NumPy array or a list of numbers'):
        d2l.DataModule.as_tensor({1, 2})


def test_rows_of_examples(d2l):
    images = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
    data = d2l.Digits()
    data.resize = None
    examples = Examples(data, images, np.arange(6))
    one, label = examples[-1]
    assert label == 5 and d2l.numpy(one).size == 4
    for which in (MASK, [5, 0], slice(0, 2)):
        X, y = examples[which]
        np.testing.assert_array_equal(d2l.numpy(y), np.arange(6)[which])
        np.testing.assert_array_equal(d2l.numpy(X)[0], d2l.numpy(examples[int(y[0])][0]))
    with pytest.raises(IndexError, match='row 6 does not exist'):
        examples[6]
    assert [label for _, label in examples] == list(range(6))


def test_examples_of_a_data_set_are_indexed_as_the_tab_has_them(d2l):
    data = d2l.Digits()
    if backend_of(d2l) in ('pytorch', 'mxnet'):
        with pytest.raises(IndexError):
            data.train[len(data.train)]
    else:
        images, labels = data.train
        assert len(images[labels == 3]) == (labels == 3).sum()


def test_row_numbers_alone():
    assert rows.row_numbers(MASK, 6).tolist() == [0, 3, 4]
    assert rows.row_numbers(slice(None, None, 4), 6).tolist() == [0, 4]
