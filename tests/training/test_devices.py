"""Where a training takes place: on the CPU, or on a GPU, for which here the CPU stands in."""

import numpy as np
import pytest
from contract import backend_of, parameters, python, require, small_data

from d2lite.data.loader import TensorLoader
from d2lite.data.resident import ResidentLoader


@pytest.fixture
def gpu(d2l, monkeypatch):
    """`d2l.Trainer` finds a GPU. Its memory is large unless a test says otherwise."""
    monkeypatch.setattr(d2l.Trainer, 'find_gpus', staticmethod(lambda: [d2l.cpu()]))
    monkeypatch.setattr(d2l.Trainer, 'free_memory', staticmethod(lambda device: 2**40))


def fit(d2l, data=None, trainer=None, model=None, max_epochs=3, num_gpus=1, **kwargs):
    d2l.seed_everything(0)
    model = model or d2l.LinearRegressionScratch(2, lr=0.03)
    trainer = (trainer or d2l.Trainer)(max_epochs=max_epochs, num_gpus=num_gpus, **kwargs)
    trainer.fit(model, data or small_data(d2l, num_train=100))
    return trainer


def assert_same(d2l, one, other):
    for ours, theirs in zip(parameters(d2l, one), parameters(d2l, other), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    for ours, theirs in zip(one.history, other.history, strict=True):
        assert ours['train_loss'] == pytest.approx(theirs['train_loss'], rel=1e-6)
        assert ours['val_loss'] == pytest.approx(theirs['val_loss'], rel=1e-6)


@pytest.mark.parametrize('compile', [None, False])
def test_whole_tensors_go_there_once_and_train_the_same(d2l, gpu, compile):
    moved = []

    class Trainer(d2l.Trainer):
        def move_batch(self, batch):
            if hasattr(batch, 'shape'):
                moved.append(tuple(batch.shape))
            return super().move_batch(batch)

    there = fit(d2l, trainer=Trainer, compile=compile)
    assert type(there.train_dataloader.dataloader) is ResidentLoader
    assert type(there.val_dataloader.dataloader) is ResidentLoader
    # The tensors of training and of validation, and the order of each epoch, which JAX takes along
    # with the call of a program.
    orders = [] if backend_of(d2l) in ('jax', 'nnx') else [(100,), (100,), (100,)]
    assert sorted(moved) == sorted([(32, 2), (32, 1), (100, 2), (100, 1), *orders])
    assert_same(d2l, there, fit(d2l, num_gpus=0, compile=compile))


def test_without_a_gpu_nothing_is_moved(d2l):
    if d2l.Trainer.find_cpu() is not None:
        pytest.skip(f'{backend_of(d2l)} would take the GPU of this machine')
    trainer = fit(d2l, num_gpus=0)
    assert trainer.moves_to is None
    assert type(trainer.train_dataloader.dataloader) is TensorLoader


@pytest.mark.parametrize('compile', [None, False])
def test_data_that_take_more_than_half_of_the_memory_are_moved_in_batches(
    d2l, gpu, monkeypatch, compile
):
    needed = 100 * 3 * 4  # 100 rows of three numbers of four bytes
    asked = []

    def free_memory(device):
        asked.append(device)
        return 2 * needed - 1

    monkeypatch.setattr(d2l.Trainer, 'free_memory', staticmethod(free_memory))
    there = fit(d2l, compile=compile)
    assert asked == [there.gpus[0]] * 2
    assert type(there.train_dataloader.dataloader) is TensorLoader  # 1,200 bytes are too many
    assert type(there.val_dataloader.dataloader) is ResidentLoader  # 384 are not
    assert_same(d2l, there, fit(d2l, num_gpus=0, compile=compile))
    monkeypatch.setattr(d2l.Trainer, 'free_memory', staticmethod(lambda device: 2 * needed))
    assert type(fit(d2l).train_dataloader.dataloader) is ResidentLoader


def test_the_batches_of_other_loaders_are_moved_one_by_one(d2l, gpu):
    moved = []

    class Trainer(d2l.Trainer):
        def move_batch(self, batch):
            moved.append(tuple(batch[0].shape))
            return super().move_batch(batch)

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            return [tuple(batch) for batch in small_data(d2l).get_dataloader(train)]

    d2l.seed_everything(0)
    trainer = fit(d2l, Data(), Trainer, compile=False)
    assert type(trainer.train_dataloader.dataloader) is list
    shapes = [(16, 2)] * (4 + 2) * 3  # 64 and 32 rows in each of three epochs
    assert [shape for shape in moved if len(shape) == 2][-len(shapes) :] == shapes


def test_a_loader_that_is_kept_goes_on_with_its_orders(d2l, gpu):
    """The second training on it sees other orders than the first, as on the CPU."""
    results = []
    for num_gpus in (0, 1):
        d2l.seed_everything(0)
        data = small_data(d2l, num_train=100)
        loader = data.get_dataloader(train=True)

        class Kept(d2l.DataModule):
            def get_dataloader(self, train, loader=loader):
                return loader if train else None

        found = []
        for _ in range(2):
            trainer = fit(d2l, Kept(), num_gpus=num_gpus)
            found.append(parameters(d2l, trainer)[0])
        assert loader.epoch == 6
        assert not np.array_equal(*found)
        results.append(found)
    np.testing.assert_allclose(*results, rtol=1e-6)


@pytest.mark.parametrize('compile', [None, False])
def test_a_checkpoint_moves_between_cpu_and_gpu(d2l, gpu, tmp_path, compile):
    path = tmp_path / 'checkpoint'
    whole = fit(d2l, num_gpus=0, compile=compile)
    for first, second in ((0, 1), (1, 0)):
        fit(d2l, num_gpus=first, max_epochs=2, checkpoint_every=9, checkpoint_path=path)
        d2l.seed_everything(0)
        data = small_data(d2l, num_train=100)
        trainer = d2l.Trainer(max_epochs=3, num_gpus=second, compile=compile)
        trainer.fit(d2l.LinearRegressionScratch(2, lr=0.03), data, ckpt_path=path)
        assert_same(d2l, trainer, whole)


def test_a_framework_that_would_take_the_gpu_unasked_trains_on_the_cpu(d2l, monkeypatch):
    if backend_of(d2l) not in ('jax', 'tensorflow'):
        assert d2l.Trainer.find_cpu() is None
        return
    # As if there were a GPU: what `find_cpu` then returns is what is trained on.
    module = __import__(d2l.Trainer.__module__, fromlist=['num_gpus'])
    if backend_of(d2l) == 'tensorflow':
        monkeypatch.setattr(module, 'num_gpus', lambda: 1)
    else:
        monkeypatch.setattr('jax.default_backend', lambda: 'gpu')
    trainer = fit(d2l, num_gpus=0, compile=False)
    assert trainer.moves_to is not None
    assert 'cpu' in trainer.device.lower()
    assert type(trainer.train_dataloader.dataloader) is ResidentLoader
    monkeypatch.undo()
    assert_same(d2l, trainer, fit(d2l, num_gpus=0, compile=False))


def test_blocks_of_steps_on_jax(monkeypatch):
    """Between two callbacks: blocks of two steps, and what is left."""
    d2l = require('jax')
    monkeypatch.setattr('d2lite_jax.compiled.MOST_STEPS_IN_A_BLOCK', 2)
    monkeypatch.setattr(d2l.Trainer, 'find_gpus', staticmethod(lambda: [d2l.cpu()]))

    class Pause(d2l.Callback):
        every_n_train_steps = 5

    Pause.on_train_batch_end = lambda self, trainer, model: None
    runs = [fit(d2l, num_gpus=num_gpus, callbacks=[Pause()]) for num_gpus in (1, 0)]
    assert runs[0].compiled
    assert_same(d2l, *runs)


@pytest.mark.parametrize('num_steps, length', [(1, 1), (78, 78), (390, 78), (389, 97)])
def test_blocks_leave_few_steps_over(num_steps, length):
    require('jax')
    from d2lite_jax.compiled import block_length

    assert block_length(num_steps) == length


PLACES = """
import jax
from d2lite import jax as d2l

first, second = jax.devices()

class Trainer(d2l.Trainer):
    find_gpus = staticmethod(lambda: [second])

class Model(d2l.LinearRegressionScratch):
    def validation_step(self, params, batch, state):
        if not isinstance(batch[0], jax.core.Tracer):
            places.update(*(array.devices() for array in batch))
        super().validation_step(params, batch, state)

for compile in (None, False):
    places = set()
    data = d2l.SyntheticRegressionData(d2l.tensor([2.0, -3.4]), 4.2, num_train=100, num_val=50)
    assert data.X.devices() == {first}
    model = Model(2, lr=0.03)
    trainer = Trainer(2, num_gpus=1, compile=compile)
    trainer.fit(model, data)
    leaves = jax.tree.leaves(trainer.state)
    assert all(leaf.devices() == {second} for leaf in leaves), [leaf.devices() for leaf in leaves]
    assert places == ({second} if compile is False else set()), places
    assert trainer.device == str(second) and len(trainer.history) == 2
    # Of the same program, one for each device.
    trainer = Trainer(2, num_gpus=0, compile=compile)
    trainer.fit(Model(2, lr=0.03), data)
    assert all(leaf.devices() == {first} for leaf in jax.tree.leaves(trainer.state))
print('done')
"""


def test_all_of_a_training_on_jax_is_on_its_device():
    require('jax')
    flags = '--xla_force_host_platform_device_count=2'
    found = python(PLACES, XLA_FLAGS=flags, JAX_PLATFORMS='cpu')
    assert found.stdout == 'done\n', found.stderr
