"""DataModule, the loader, and synthetic data: the same numbers in the same order everywhere."""

import numpy as np
import pytest
from contract import batches, small_data

from d2lite import seeds
from d2lite.data.images import Arrays
from d2lite.data.loader import TensorLoader
from d2lite.data.synthetic import regression_arrays


def test_synthetic_data_follow_the_model(d2l):
    data = small_data(d2l, num_train=500, num_val=100, noise=0.01)
    X, y = d2l.numpy(data.X), d2l.numpy(data.y)
    assert X.shape == (600, 2) and y.shape == (600, 1)
    assert X.dtype == y.dtype == np.float32
    residual = y - (X @ np.array([[2.0], [-3.4]]) + 4.2)
    assert 0.008 < residual.std() < 0.012
    assert abs(X.mean()) < 0.1 and 0.9 < X.std() < 1.1


def test_the_same_seed_gives_the_same_batches_in_the_same_order(d2l):
    data = small_data(d2l, num_train=40, batch_size=16)
    loader = data.train_dataloader()
    found = batches(d2l, loader) + batches(d2l, loader)
    # The reference: NumPy alone, on the same seed.
    seeds.seed_everything(0)
    w = np.array([2.0, -3.4], np.float32)  # as the tensor holds it
    X, y = regression_arrays(w, 4.2, 0.01, 72)
    seed = [seeds.next_seed('data'), 1]
    for epoch in range(2):
        order = np.random.default_rng([*seed, epoch]).permutation(40)
        for i, start in enumerate(range(0, 40, 16)):
            rows = order[start : start + 16]
            np.testing.assert_array_equal(found[3 * epoch + i][0], X[rows])
            np.testing.assert_array_equal(found[3 * epoch + i][1], y[rows])


def test_training_batches_are_shuffled_anew_and_validation_batches_never(d2l):
    data = small_data(d2l)
    train, val = data.train_dataloader(), data.val_dataloader()
    first, second = (np.concatenate([y for _, y in batches(d2l, train)]) for _ in range(2))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, d2l.numpy(data.y)[:64])
    np.testing.assert_array_equal(np.sort(first, axis=0), np.sort(second, axis=0))
    for _ in range(2):
        y_val = np.concatenate([y for _, y in batches(d2l, val)])
        np.testing.assert_array_equal(y_val, d2l.numpy(data.y)[64:])


def test_another_loader_has_another_order_and_a_look_disturbs_nothing(d2l):
    data = small_data(d2l)
    a, b = data.train_dataloader(), data.train_dataloader()
    a.first_batch()
    next(iter(data.train_dataloader()))
    assert not np.array_equal(batches(d2l, a)[0][1], batches(d2l, b)[0][1])
    d2l.seed_everything(0)
    again = small_data(d2l)
    np.testing.assert_array_equal(
        batches(d2l, again.train_dataloader())[0][1],
        batches(d2l, TensorLoader(a.tensors, 16, d2l.DataModule, True, a.seed))[0][1],
    )


def test_the_last_batch_holds_what_is_left(d2l):
    loader = small_data(d2l, num_train=50, batch_size=16).train_dataloader()
    assert len(loader) == 4
    assert [len(X) for X, _ in batches(d2l, loader)] == [16, 16, 16, 2]


def test_indices_choose_rows(d2l):
    data = small_data(d2l)
    loader = data.get_tensorloader((data.X, data.y), train=False, indices=[5, 3, 60])
    ((X, y),) = batches(d2l, loader)
    np.testing.assert_array_equal(X, d2l.numpy(data.X)[[5, 3, 60]])
    np.testing.assert_array_equal(y, d2l.numpy(data.y)[[5, 3, 60]])


def test_a_data_module_of_ones_own(d2l):
    class Numbers(d2l.DataModule):
        def __init__(self, batch_size=4):
            self.save_hyperparameters()  # without super().__init__(), as lessons do
            self.X = d2l.reshape(d2l.arange(20), (10, 2))

        def get_dataloader(self, train):
            return self.get_tensorloader([self.X], train)

    assert [len(X) for (X,) in batches(d2l, Numbers().train_dataloader())] == [4, 4, 2]


def test_no_validation_examples_is_no_validation_loader(d2l):
    assert small_data(d2l, num_val=0).val_dataloader() is None


def test_a_list_serves_for_w(d2l):
    data = d2l.SyntheticRegressionData(w=[1.0, 2.0, 3.0], b=0)
    assert d2l.numpy(data.X).shape == (2000, 3) and tuple(data.w.shape) == (3,)


@pytest.mark.parametrize(
    'shapes, message',
    [
        ([(4, 2), (5, 1)], r'same number of rows, got shapes \[\(4, 2\), \(5, 1\)\]'),
        ([(0, 2)], 'no examples'),
        ([()], 'at least one axis'),
    ],
)
def test_tensors_that_do_not_fit_are_named_by_shape(shapes, message):
    with pytest.raises(ValueError, match=message):
        TensorLoader([np.zeros(shape) for shape in shapes], 2, Arrays, True, [0])


@pytest.mark.parametrize('batch_size', [0, -1, 2.5, True, '8'])
def test_a_batch_size_that_is_none(batch_size):
    with pytest.raises((TypeError, ValueError), match='batch_size must be'):
        TensorLoader([np.zeros((4, 2))], batch_size, Arrays, True, [0])


def test_what_a_data_module_lacks_is_said(d2l):
    class Empty(d2l.DataModule):
        pass

    with pytest.raises(NotImplementedError, match='Empty must define get_dataloader'):
        Empty().train_dataloader()
    with pytest.raises(AttributeError, match='Empty has no batch_size'):
        Empty().get_tensorloader([d2l.zeros((3, 1))], train=True)


def test_synthetic_data_refuse_a_vector_for_b(d2l):
    with pytest.raises(ValueError, match=r'b must be one number, got shape \(2,\)'):
        d2l.SyntheticRegressionData(w=d2l.tensor([1.0]), b=d2l.tensor([1.0, 2.0]))


def test_batches_that_are_kept_stay_as_they_are(d2l):
    """No loader writes into a batch that somebody still has."""
    loader = small_data(d2l, num_train=48).train_dataloader()
    first = list(loader)
    kept = [d2l.numpy(X).copy() for X, _ in first]
    second = list(loader)
    for (X, _), numbers in zip(first, kept, strict=True):
        np.testing.assert_array_equal(d2l.numpy(X), numbers)
    assert not np.array_equal(d2l.numpy(second[0][0]), kept[0])


def test_the_order_of_an_epoch_depends_on_no_other(d2l):
    a, b = (small_data(d2l).train_dataloader() for _ in range(2))
    b.seed = a.seed
    for _ in range(3):
        a.next_order()
    b.epoch = 3
    np.testing.assert_array_equal(a.next_order(), b.next_order())
    a.epoch = 0
    orders = [a.next_order() for _ in range(3)]
    assert not np.array_equal(orders[0], orders[1]) and not np.array_equal(orders[1], orders[2])
    assert sorted(orders[0]) == list(range(64))
