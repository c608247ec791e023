"""FashionMNIST and Digits: the same batches on every backend, resized at once or one by one."""

import gzip

import numpy as np
import pytest
from contract import backend_of, batches
from fashion import FOLDER, idx, server, write_files

from d2lite import seeds
from d2lite.data import download as downloads
from d2lite.data import images as images_module
from d2lite.data.images import ResizingLoader, resized
from d2lite.plotting import figures
from d2lite.saving.storage import FileError

CHANNELS_FIRST = ('pytorch', 'mxnet')


@pytest.fixture(autouse=True)
def close_figures():
    yield
    figures.plt.close('all')
    figures.plt.rcdefaults()


def without_channels(d2l, X):
    axis = 1 if backend_of(d2l) in CHANNELS_FIRST else 3
    assert X.ndim == 4 and X.shape[axis] == 1
    return X.squeeze(axis)


def expected_batches(images, labels, batch_size, epochs=1):
    """The reference: NumPy alone, on the same seed and a first loader."""
    seeds.seed_everything(0)
    seed = [seeds.next_seed('data'), 1]
    for epoch in range(epochs):
        order = np.random.default_rng([*seed, epoch]).permutation(len(labels))
        for start in range(0, len(labels), batch_size):
            rows = order[start : start + batch_size]
            yield images[rows].astype(np.float32) / np.float32(255), labels[rows]


@pytest.mark.parametrize('resize', [(28, 28), (20, 32)])
@pytest.mark.parametrize('kept_bytes', [0, 2**28])
def test_batches_are_the_same_everywhere(d2l, tmp_path, monkeypatch, resize, kept_bytes):
    monkeypatch.setattr(images_module, 'KEPT_BYTES', kept_bytes)
    (images, labels), (val_images, val_labels) = write_files(tmp_path)
    data = d2l.FashionMNIST(batch_size=16, resize=resize, root=tmp_path)
    loader = data.train_dataloader()
    assert isinstance(loader, ResizingLoader) == (kept_bytes == 0)
    assert len(loader) == 4
    loader.first_batch()
    found = batches(d2l, loader) + batches(d2l, loader)
    assert [len(y) for _, y in found] == [16, 16, 16, 2] * 2
    images = resized(images.astype(np.uint8), resize)
    for (X, y), (X_expected, y_expected) in zip(
        found, expected_batches(images, labels, 16, epochs=2), strict=True
    ):
        assert X.dtype == np.float32
        assert y.dtype == (np.int64 if backend_of(d2l) == 'pytorch' else np.int32)
        np.testing.assert_array_equal(without_channels(d2l, X), X_expected)
        np.testing.assert_array_equal(y, y_expected)
    val = batches(d2l, data.val_dataloader())
    np.testing.assert_array_equal(np.concatenate([y for _, y in val]), val_labels)
    X = without_channels(d2l, np.concatenate([X for X, _ in val]))
    expected = resized(val_images.astype(np.uint8), resize).astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(X, expected)
    assert X.min() >= 0 and X.max() <= 1


def test_resizing_keeps_what_it_should():
    ramp = np.tile(np.arange(0, 80, 10, dtype=np.float32), (1, 8, 1))
    assert resized(ramp, (8, 8)) is ramp and resized(ramp, None) is ramp
    twice = resized(ramp, (8, 16))
    # Pixel centres: the new ones lie a quarter to the left and to the right of the old ones.
    np.testing.assert_allclose(twice[0, 0, 1:-1], np.arange(2.5, 70, 5))
    np.testing.assert_allclose(resized(ramp, (4, 8))[0], ramp[0, :4], rtol=1e-6)  # and rows stay


def test_one_number_serves_for_a_square_and_nonsense_is_refused(d2l, tmp_path):
    write_files(tmp_path)
    data = d2l.FashionMNIST(batch_size=4, resize=14, root=tmp_path)
    assert data.resize == (14, 14)
    for resize in [(0, 28), (28,), (2.5, 3)]:
        with pytest.raises(ValueError, match='resize must be'):
            d2l.FashionMNIST(resize=resize, root=tmp_path)


def test_examples_of_the_splits_as_the_tab_of_the_book_has_them(d2l, tmp_path):
    (images, labels), (_, val_labels) = write_files(tmp_path)
    data = d2l.FashionMNIST(resize=(32, 32), root=tmp_path)
    if backend_of(d2l) in CHANNELS_FIRST:
        assert (len(data.train), len(data.val)) == (50, 20)
        X, y = data.train[3]
        assert tuple(X.shape) == (1, 32, 32) and y == labels[3]
        np.testing.assert_array_equal(
            d2l.numpy(X)[0], resized(images[3:4].astype(np.uint8), (32, 32))[0] / np.float32(255)
        )
        assert len(list(data.train)) == 50
    else:
        np.testing.assert_array_equal(data.train[0], images)
        np.testing.assert_array_equal(data.val[1], val_labels)


def test_files_that_are_not_packed_serve_as_well(d2l, tmp_path):
    (_, labels), _ = write_files(tmp_path, packed=False)
    data = d2l.FashionMNIST(batch_size=50, root=tmp_path)
    ((_, y),) = batches(d2l, data.train_dataloader())
    np.testing.assert_array_equal(np.sort(y), np.sort(labels))


@pytest.mark.parametrize(
    'file, array, message',
    [
        ('train-labels-idx1-ubyte.gz', np.zeros(49), '50 images, and .* 49 labels'),
        ('train-labels-idx1-ubyte.gz', np.full(50, 10), 'has the label 10: expected 0 to 9'),
        ('t10k-images-idx3-ubyte.gz', np.zeros((19, 28, 28)), '19 images, and .* 20 labels'),
        ('t10k-images-idx3-ubyte.gz', np.zeros(20), 'number 00 00 08 01.* Delete it'),
    ],
)
def test_files_that_do_not_belong_together(d2l, tmp_path, file, array, message):
    write_files(tmp_path)
    tmp_path.joinpath(*FOLDER, file).write_bytes(gzip.compress(idx(array)))
    with pytest.raises(FileError, match=message):
        d2l.FashionMNIST(root=tmp_path)


def test_without_images_there_is_nothing_to_train_on(d2l, tmp_path):
    write_files(tmp_path, num_train=0)
    with pytest.raises(FileError, match='0 images'):
        d2l.FashionMNIST(root=tmp_path)


def test_missing_files_are_fetched_once_and_compared(d2l, tmp_path, monkeypatch):
    import hashlib

    (_, labels), _ = write_files(tmp_path / 'there')
    folder = tmp_path.joinpath('there', *FOLDER)
    files = {
        train: {name: hashlib.md5(folder.joinpath(name).read_bytes()).hexdigest() for name in names}
        for train, names in d2l.FashionMNIST.files.items()
    }
    with server(folder, monkeypatch) as (url, paths):

        class Small(d2l.FashionMNIST):
            pass

        Small.base_url, Small.files = url, files
        for _ in range(2):
            data = Small(batch_size=50, root=tmp_path / 'here')
        assert sorted(paths) == sorted(f'/{name}' for names in files.values() for name in names)
        ((_, y),) = batches(d2l, data.train_dataloader())
        np.testing.assert_array_equal(np.sort(y), np.sort(labels))
        Small.files = d2l.FashionMNIST.files  # the true checksums, which these files do not have
        with pytest.raises(downloads.DownloadError, match='does not match .* expected md5:8d4fb7'):
            Small(root=tmp_path / 'nowhere')
        assert [p for p in (tmp_path / 'nowhere').rglob('*') if p.is_file()] == []


def test_offline_the_error_names_file_folder_and_address(d2l, tmp_path):
    class Offline(d2l.FashionMNIST):
        base_url = 'https://localhost:1/'

    with pytest.raises(downloads.DownloadError) as caught:
        Offline(root=tmp_path)
    message = str(caught.value)
    assert 'train-images-idx3-ubyte.gz is not in' in message
    assert str(tmp_path.joinpath(*FOLDER)) in message and 'https://localhost:1/train' in message
    assert [p for p in tmp_path.rglob('*') if p.is_file()] == []


def test_text_labels(d2l, tmp_path):
    write_files(tmp_path)
    data = d2l.FashionMNIST(root=tmp_path)
    assert data.text_labels([0, 9, 5]) == ['t-shirt', 'ankle boot', 'sandal']
    _, y = next(iter(data.val_dataloader()))
    assert data.text_labels(y) == [data.classes[i] for i in d2l.numpy(y)]


def titles(figure):
    return [ax.get_title() for ax in figure.axes]


def test_visualize_shows_the_first_images_with_their_classes(d2l):
    data = d2l.Digits(batch_size=20)
    X, y = batch = next(iter(data.val_dataloader()))
    data.visualize(batch, nrows=2, ncols=4)
    figure = d2l.plt.gcf()
    assert titles(figure) == [str(i) for i in d2l.numpy(y)[:8]]
    shown = figure.axes[5].images[0].get_array()
    np.testing.assert_array_equal(shown, without_channels(d2l, d2l.numpy(X))[5])
    data.visualize((X[:3], y[:3]), ncols=4, labels=['a', 'b', 'c'])
    assert titles(d2l.plt.gcf()) == ['a', 'b', 'c', '']


def test_digits_are_the_real_ones(d2l):
    from sklearn.datasets import load_digits

    digits = load_digits()
    data = d2l.Digits(batch_size=2000)
    ((X, y),) = batches(d2l, data.train_dataloader())
    ((X_val, y_val),) = batches(d2l, data.val_dataloader())
    assert (len(y), len(y_val)) == (1442, 355)
    together = np.concatenate([X, X_val]).reshape(-1, 64) * 16
    assert sorted(map(tuple, together)) == sorted(map(tuple, digits.data))
    share = np.bincount(y_val) / np.bincount(digits.target)
    assert np.all((share > 0.19) & (share <= 0.2))
    # Each image still has its own label.
    label_of = {tuple(row): label for row, label in zip(digits.data, digits.target, strict=True)}
    assert [label_of[tuple(row)] for row in together] == [*y, *y_val]


def test_the_split_of_digits_is_always_the_same(d2l):
    val = batches(d2l, d2l.Digits(batch_size=2000).val_dataloader())[0][1]
    d2l.seed_everything(7)
    again = batches(d2l, d2l.Digits(batch_size=2000).val_dataloader())[0][1]
    np.testing.assert_array_equal(val, again)
    assert val[:10].tolist() == SOME_DIGITS


SOME_DIGITS = [2, 2, 0, 8, 7, 8, 3, 4, 0, 2]


def test_digits_can_be_resized(d2l):
    data = d2l.Digits(batch_size=8, resize=(28, 28))
    X, _ = batches(d2l, data.train_dataloader())[0]
    assert without_channels(d2l, X).shape == (8, 28, 28)
    assert X.min() >= 0 and X.max() <= 1 and len(np.unique(X)) > 100  # not rounded to 17 greys


def train(d2l, root, max_epochs, resize=(12, 12), **kwargs):
    d2l.seed_everything(0)
    data = d2l.FashionMNIST(batch_size=16, resize=resize, root=root)
    model = d2l.SoftmaxRegression(num_outputs=10, lr=0.1)
    fit = {key: kwargs.pop(key) for key in ['ckpt_path'] if key in kwargs}
    trainer = d2l.Trainer(max_epochs=max_epochs, **kwargs)
    trainer.fit(model, data, **fit)
    return trainer


@pytest.mark.parametrize('steps', [4, 6])
def test_training_on_images_resized_one_by_one_resumes(d2l, tmp_path, monkeypatch, steps):
    """After the last batch of an epoch, and in the middle of one: 4 batches an epoch."""
    write_files(tmp_path)
    arguments = {'checkpoint_every': steps, 'checkpoint_path': tmp_path / 'x'}
    kept = train(d2l, tmp_path, 3)  # resized all at once
    monkeypatch.setattr(images_module, 'KEPT_BYTES', 0)
    expected = train(d2l, tmp_path, 3, **arguments)
    train(d2l, tmp_path, 2, **arguments)
    resumed = train(d2l, tmp_path, 3, ckpt_path=tmp_path / 'x', **arguments)
    assert resumed.train_batch_idx == 12
    for trainer in (kept, resumed):
        found = trainer.serialization.get_parameters(trainer)
        for name, array in expected.serialization.get_parameters(expected).items():
            np.testing.assert_array_equal(found[name], array)


def test_resuming_with_other_sizes_is_refused(d2l, tmp_path, monkeypatch):
    monkeypatch.setattr(images_module, 'KEPT_BYTES', 0)
    write_files(tmp_path)
    train(d2l, tmp_path, 1, resize=(12, 16)).save_checkpoint(tmp_path / 'x')
    with pytest.raises(ValueError, match='a training on other data'):
        train(d2l, tmp_path, 2, resize=(16, 12), ckpt_path=tmp_path / 'x')
