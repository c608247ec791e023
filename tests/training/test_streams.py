"""Data without a length, batches of any kind, and an end that is counted in steps."""

import numpy as np
import pytest
from compiled import fast, scratch
from contract import BACKENDS, backend_of, require, small_data

X, Y = np.random.default_rng(0).standard_normal((2, 64, 2)).astype(np.float32)
Y = Y[:, :1]
BATCHES = [(X[i : i + 16], Y[i : i + 16]) for i in range(0, 64, 16)]


def data_of(d2l, loader, val=lambda: None):
    """A DataModule whose training and validation batches `loader` and `val` return."""

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            return loader() if train else val()

    return Data()


def train(d2l, loader, val=lambda: None, model=None, **kwargs):
    d2l.seed_everything(0)
    trainer = d2l.Trainer(**({'max_epochs': 2} | kwargs))
    trainer.fit(model or scratch(d2l), data_of(d2l, loader, val))
    return trainer


def losses(trainer):
    return [row['train_loss'] for row in trainer.history]


def generator():
    yield from BATCHES


@pytest.mark.parametrize('compiled', [True, False])
def test_a_generator_begins_anew_in_each_epoch_and_loses_no_batch(d2l, compiled):
    compiled = fast(d2l) if compiled else False
    expected = train(d2l, lambda: BATCHES, lambda: BATCHES, compile=compiled)
    found = train(d2l, generator, generator, compile=compiled)
    assert losses(found) == losses(expected)
    assert found.train_batch_idx == 8 and found.val_batch_idx == 8
    board = found.model.board
    assert board.xlabel == 'step' and [p.x for p in board.data['train_loss']] == list(range(8))
    assert [(p.x, p.y) for p in board.data['val_loss']] == [
        (4 * (i + 1), pytest.approx(row['val_loss'])) for i, row in enumerate(found.history)
    ]


def test_what_comes_once_gives_its_first_batch_to_the_first_step(d2l):
    class Once:
        def __init__(self):
            self.batches = iter(BATCHES)

        def __len__(self):
            return len(BATCHES)

        def __iter__(self):
            return self.batches

    trainer = train(d2l, Once, max_epochs=1)
    assert trainer.train_batch_idx == 4
    assert losses(trainer) == losses(train(d2l, lambda: BATCHES, max_epochs=1))


def endless():
    while True:
        yield from BATCHES


@pytest.mark.parametrize('compiled', [True, False])
def test_max_steps_ends_an_endless_stream(d2l, compiled):
    compiled = fast(d2l) if compiled else False
    trainer = train(d2l, endless, max_epochs=None, max_steps=6, compile=compiled)
    assert (trainer.train_batch_idx, len(trainer.history)) == (6, 1)
    assert trainer.model.board.xlim == [0, 6]


@pytest.mark.parametrize('compiled', [True, False])
def test_max_steps_and_max_epochs_whichever_comes_first(d2l, compiled):
    for kwargs, steps, epochs in (
        ({'max_steps': 6}, 6, 2),
        ({'max_steps': 6, 'max_epochs': 1}, 4, 1),
        ({'max_steps': 3, 'max_epochs': 2}, 3, 1),
        ({'max_steps': 0}, 0, 0),
    ):
        trainer = d2l.Trainer(**kwargs, compile=fast(d2l) if compiled else False)
        trainer.fit(scratch(d2l), small_data(d2l, num_train=64, num_val=32))
        assert (trainer.train_batch_idx, len(trainer.history)) == (steps, epochs)
        assert trainer.val_batch_idx == 2 * epochs
    with pytest.raises(TypeError, match=r'must be told when to end: Trainer\(max_epochs=10\)'):
        d2l.Trainer()


def test_resuming_a_training_of_steps(d2l, tmp_path):
    def run(steps, **kwargs):
        d2l.seed_everything(0)
        trainer = d2l.Trainer(max_steps=steps)
        trainer.fit(scratch(d2l), small_data(d2l), **kwargs)
        return trainer

    run(4).save_checkpoint(tmp_path / 'x')
    resumed = run(8, ckpt_path=tmp_path / 'x')
    expected = run(8)
    assert resumed.train_batch_idx == 8
    for name, array in expected.get_parameters().items():
        np.testing.assert_array_equal(resumed.get_parameters()[name], array)


@pytest.mark.parametrize('source', BACKENDS)
def test_tensors_of_any_framework(d2l, source):
    other = require(source)
    batches = [tuple(other.DataModule.tensor(each) for each in batch) for batch in BATCHES]
    found = train(d2l, lambda: batches, lambda: batches)
    assert losses(found) == pytest.approx(losses(train(d2l, lambda: BATCHES)))


@pytest.mark.parametrize('num_workers', [0, 2])
def test_a_loader_of_pytorch(d2l, num_workers):
    require('pytorch')
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    examples = TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    trainer = train(d2l, lambda: DataLoader(examples, 16, num_workers=num_workers))
    assert losses(trainer) == pytest.approx(losses(train(d2l, lambda: BATCHES)))


def test_a_stream_of_pytorch(d2l):
    require('pytorch')
    from torch.utils.data import DataLoader, IterableDataset

    class Stream(IterableDataset):
        def __iter__(self):
            return zip(X, Y, strict=True)

    trainer = train(d2l, lambda: DataLoader(Stream(), 16))
    assert trainer.num_train_batches is None
    assert losses(trainer) == pytest.approx(losses(train(d2l, lambda: BATCHES)))


def test_a_dataset_of_tensorflow(d2l):
    require('tensorflow')
    import tensorflow as tf

    whole = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    unknown = whole.filter(lambda X, y: True)  # of which TensorFlow knows no length
    expected = losses(train(d2l, lambda: BATCHES))
    assert losses(train(d2l, lambda: whole)) == pytest.approx(expected)
    assert losses(train(d2l, lambda: unknown)) == pytest.approx(expected)


@pytest.mark.parametrize('num_workers', [0, 2])
def test_a_loader_of_gluon(d2l, num_workers):
    require('mxnet')
    from mxnet import gluon

    examples = gluon.data.ArrayDataset(X, Y)

    def loader():
        return gluon.data.DataLoader(examples, 16, num_workers=num_workers, thread_pool=False)

    trainer = train(d2l, loader)
    assert losses(trainer) == pytest.approx(losses(train(d2l, lambda: BATCHES)))


def test_lists_and_nested_batches(d2l):
    batches = [([X.tolist(), [1, 2]], y.tolist()) for X, y in BATCHES]

    class Model(d2l.LinearRegressionScratch):
        def forward(self, inputs):
            return super().forward(inputs[0])

    trainer = train(d2l, lambda: batches, model=Model(2, lr=0.03))
    assert losses(trainer) == pytest.approx(losses(train(d2l, lambda: BATCHES)), rel=1e-5)


def test_dictionaries(d2l):
    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            return super().training_step(*self.pairs(args))

        def validation_step(self, *args):
            return super().validation_step(*self.pairs(args))

        def pairs(self, args):
            return [(a['X'], a['y']) if isinstance(a, dict) and 'X' in a else a for a in args]

        if backend_of(d2l) == 'jax':

            def apply_init(self, inputs, key):
                return super().apply_init((inputs[0]['X'],), key)

    batches = [{'X': X, 'y': y} for X, y in BATCHES]
    trainer = train(d2l, lambda: batches, lambda: batches, model=Model(2, lr=0.03))
    assert losses(trainer) == pytest.approx(losses(train(d2l, lambda: BATCHES)))


@pytest.mark.parametrize('compiled', [True, False])
@pytest.mark.parametrize('whole', [True, False])
def test_means_of_examples(d2l, whole, compiled):
    rows = [slice(0, 16), slice(16, 20)]
    batches = [(X[each], Y[each]) for each in rows]

    def run(epoch_mean):
        model, batch_size = scratch(d2l), 16
        if whole:

            class Data(d2l.DataModule):
                def get_dataloader(self, train):
                    return self.get_tensorloader((X[:20], Y[:20]), False)

            data = Data()
            data.batch_size = batch_size
        else:
            data = data_of(d2l, lambda: batches, lambda: batches)
        compile = fast(d2l) if compiled else False
        trainer = d2l.Trainer(max_epochs=1, epoch_mean=epoch_mean, compile=compile)
        model.plot_train_per_epoch = 2
        d2l.seed_everything(0)
        trainer.fit(model, data)
        return trainer

    first, second = (p.y for p in run('batches').model.board.data['train_loss'])
    assert run('batches').history[0]['train_loss'] == pytest.approx((first + second) / 2)
    trainer = run('examples')
    assert trainer.history[0]['train_loss'] == pytest.approx((16 * first + 4 * second) / 20)
    w, b = (trainer.get_parameters()[name] for name in 'wb')
    mean = ((X[:20] @ w + b - Y[:20]) ** 2 / 2).mean()
    assert trainer.history[0]['val_loss'] == pytest.approx(mean, rel=1e-5)
    with pytest.raises(ValueError, match="epoch_mean must be 'batches' or 'examples'"):
        d2l.Trainer(1, epoch_mean='rows')
