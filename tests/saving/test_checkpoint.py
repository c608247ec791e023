"""Checkpoints: a resumed training ends with the same parameters, bit for bit."""

import json

import numpy as np
import pytest
from contract import another, backend_of, small_data
from models import dropout_model, momentum_model

from d2lite.saving import storage

MODELS = ['LinearRegressionScratch', 'LinearRegression', 'momentum', 'dropout']


def make(d2l, name='LinearRegressionScratch', num_train=100, num_val=32):
    """A model and data, the same each time: 7 batches an epoch, the last one partial."""
    d2l.seed_everything(0)
    if name in ('momentum', 'dropout'):
        model = {'momentum': momentum_model, 'dropout': dropout_model}[name](d2l)
    else:
        model = getattr(d2l, name)(*([2, 0.03] if 'Scratch' in name else [0.03]))
    return model, small_data(d2l, num_train=num_train, num_val=num_val)


def train(d2l, name, max_epochs=3, ckpt_path=None, seed=None, **kwargs):
    model, data = make(d2l, name)
    if seed is not None:
        d2l.seed_everything(seed)  # whatever is drawn from here on must come from the checkpoint
    trainer = d2l.Trainer(max_epochs=max_epochs, **kwargs)
    trainer.fit(model, data, ckpt_path=ckpt_path)
    return trainer


def outcome(trainer):
    """Everything that a resumed training has to have in common with an uninterrupted one."""
    board = trainer.model.board
    return {
        'parameters': trainer.serialization.get_parameters(trainer),
        'training': trainer.serialization.get_state(trainer),
        'history': [
            {k: v for k, v in row.items() if 'seconds' not in k} for row in trainer.history
        ],
        'counters': (trainer.epoch, trainer.train_batch_idx, trainer.val_batch_idx),
        'board': ({k: list(v) for k, v in board.data.items()}, board.get_state()['raw']),
    }


def assert_same(found, expected):
    arrays, packed = storage.pack(found)
    expected_arrays, expected_packed = storage.pack(expected)
    assert json.dumps(packed) == json.dumps(expected_packed)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected_arrays[name], strict=True)


@pytest.mark.parametrize(
    'name', ['LinearRegressionScratch', 'LinearRegression', 'momentum', 'dropout']
)
@pytest.mark.parametrize('steps', [7, 9, 13])
def test_resuming_gives_the_same_bits(d2l, tmp_path, name, steps):
    """After the last batch of an epoch, and from the middle of one."""
    path = tmp_path / 'x.safetensors'
    expected = outcome(train(d2l, name, checkpoint_every=steps, checkpoint_path=path))
    train(d2l, name, max_epochs=2, checkpoint_every=steps, checkpoint_path=path)
    # The same trainer, for MXNet: what it draws at random depends on where checkpoints were.
    trainer = {'checkpoint_every': steps, 'checkpoint_path': path}
    resumed = train(d2l, name, ckpt_path=path, seed=99, **trainer)
    assert resumed.train_batch_idx == 21
    assert_same(outcome(resumed), expected)


def test_dropout_drops_and_its_state_matters(d2l):
    """Else the tests with dropout would say nothing."""

    model, _ = make(d2l, 'dropout')
    trainer = d2l.Trainer(max_epochs=1)
    data = small_data(d2l, num_train=16)  # one batch, so that its order is no matter
    trainer.fit(model, data)
    arrays = trainer.serialization.get_parameters(trainer)
    losses = []
    for _ in range(2):
        trainer.fit(model, data, init_params=arrays)
        losses.append(trainer.history[0]['train_loss'])
    # The order of the one batch changes no more than the last digits.
    assert losses[0] != pytest.approx(losses[1], rel=1e-5)


def test_resuming_between_epochs_goes_on(d2l, tmp_path):
    expected = outcome(train(d2l, 'momentum'))
    train(d2l, 'momentum', max_epochs=2).save_checkpoint(tmp_path / 'x')
    assert_same(outcome(train(d2l, 'momentum', ckpt_path=tmp_path / 'x', seed=5)), expected)


def test_a_finished_training_has_nothing_to_go_on_with(d2l, tmp_path):
    trainer = train(d2l, 'momentum')
    trainer.save_checkpoint(tmp_path / 'x')
    assert_same(outcome(train(d2l, 'momentum', ckpt_path=tmp_path / 'x')), outcome(trainer))


def test_random_numbers_go_on_where_they_were(d2l, tmp_path):
    import random

    trainer = train(d2l, 'momentum', max_epochs=1)
    trainer.save_checkpoint(tmp_path / 'x')

    def draw():
        return [
            random.random(),
            np.random.rand(),
            d2l.numpy(d2l.rand(3)).tolist(),
            d2l.numpy(small_data(d2l).X).tolist(),
        ]

    expected = draw()
    train(d2l, 'momentum', max_epochs=1, ckpt_path=tmp_path / 'x', seed=7)
    assert draw() == expected


def test_checkpoints_are_written_every_so_many_steps(d2l, tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr(
        d2l.Trainer, 'save_checkpoint', lambda self, path: saved.append(self.train_batch_idx)
    )
    train(d2l, 'LinearRegressionScratch', checkpoint_every=5)
    assert saved == [5, 10, 15, 20]
    with pytest.raises(ValueError, match='checkpoint_every must be an integer >= 1, got 0'):
        d2l.Trainer(max_epochs=1, checkpoint_every=0)


def test_a_lesson_that_writes_its_own_fit_epoch_resumes_as_well(d2l, tmp_path):
    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            self.epochs = getattr(self, 'epochs', 0) + 1
            super().fit_epoch()

    def run(max_epochs, ckpt_path=None):
        model, data = make(d2l)
        trainer = Trainer(max_epochs, checkpoint_every=9, checkpoint_path=tmp_path / 'x')
        trainer.fit(model, data, ckpt_path=ckpt_path)
        return trainer

    expected = outcome(run(3))
    run(2)
    assert_same(outcome(run(3, tmp_path / 'x')), expected)


def test_other_data_are_refused_and_nothing_has_changed(d2l, tmp_path):
    train(d2l, 'LinearRegressionScratch', max_epochs=1).save_checkpoint(tmp_path / 'x')
    model, _ = make(d2l)
    other = small_data(d2l, num_train=96)
    with pytest.raises(ValueError, match='a training on other data'):
        d2l.Trainer(max_epochs=2).fit(model, other, ckpt_path=tmp_path / 'x')
    trainer = model.trainer
    w = trainer.serialization.get_parameters(trainer)['w']
    fresh = d2l.Trainer(max_epochs=0)
    fresh.fit(make(d2l)[0], other)
    np.testing.assert_array_equal(w, fresh.serialization.get_parameters(fresh)['w'])


def test_another_model_is_refused_and_the_differences_are_listed(d2l, tmp_path):
    train(d2l, 'LinearRegressionScratch', max_epochs=1).save_checkpoint(tmp_path / 'x')
    _, data = make(d2l)
    with pytest.raises(ValueError) as caught:
        d2l.Trainer(max_epochs=2).fit(d2l.LinearRegression(0.03), data, ckpt_path=tmp_path / 'x')
    message = str(caught.value)
    assert 'missing: net.weight (2, 1)' in message and 'unknown: w (2, 1)' in message


def test_another_backend_is_refused(d2l, tmp_path):
    other = another(d2l)
    train(other, 'LinearRegressionScratch', max_epochs=1).save_checkpoint(tmp_path / 'x')
    message = f'a checkpoint of {backend_of(other)}, this trainer is for {backend_of(d2l)}'
    with pytest.raises(ValueError, match=message):
        train(d2l, 'LinearRegressionScratch', ckpt_path=tmp_path / 'x')


def test_another_release_of_the_framework_is_told(d2l, tmp_path, monkeypatch):
    monkeypatch.setattr(d2l.Trainer, 'framework_version', '0.0.1')
    train(d2l, 'LinearRegressionScratch', max_epochs=1).save_checkpoint(tmp_path / 'x')
    monkeypatch.undo()
    with pytest.warns(UserWarning, match='0.0.1, this is .*may differ in the last digits'):
        train(d2l, 'LinearRegressionScratch', ckpt_path=tmp_path / 'x')


def test_a_file_that_is_no_checkpoint_is_refused(d2l, tmp_path):
    trainer = train(d2l, 'LinearRegressionScratch', max_epochs=1)
    trainer.save_parameters(tmp_path / 'p')
    with pytest.raises(storage.FileError, match='holds parameters, where checkpoint was expected'):
        train(d2l, 'LinearRegressionScratch', ckpt_path=tmp_path / 'p')
    with pytest.raises(storage.FileError, match='cannot be read'):
        train(d2l, 'LinearRegressionScratch', ckpt_path=tmp_path / 'none')


def test_saving_before_fit_says_what_is_missing(d2l, tmp_path):
    for method in ('save_checkpoint', 'save_parameters', 'load_parameters'):
        with pytest.raises(RuntimeError, match=f'{method} needs a model: call fit'):
            getattr(d2l.Trainer(max_epochs=1), method)(tmp_path / 'x')


def test_an_optimizer_that_remembers_without_telling_is_refused(d2l, tmp_path):
    if backend_of(d2l) == 'nnx':
        pytest.skip('NNX itself refuses it, when the optimizer is made')

    class Remembering(d2l.SGD):
        if backend_of(d2l) == 'jax':

            def init(self, params):
                return object()  # no pytree of arrays

        else:

            def __init__(self, *args):
                super().__init__(*args)
                self.velocity = 0

    model, data = make(d2l)
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(model, data)
    if backend_of(d2l) == 'jax':
        trainer.state = trainer.state.replace(opt_state=Remembering(0.1).init(None))
    else:
        args = () if backend_of(d2l) == 'tensorflow' else ([],)
        trainer.optim = Remembering(*args, 0.1)
    with pytest.raises(TypeError):
        trainer.save_checkpoint(tmp_path / 'x')
    assert list(tmp_path.iterdir()) == []


def test_mxnet_finds_the_state_of_a_parameter_again_whatever_its_number(d2l, tmp_path):
    """Gluon has its parameters in the order of names, where dense10 comes before dense9."""
    if backend_of(d2l) != 'mxnet':
        pytest.skip('of MXNet')
    from mxnet.gluon import nn

    path = tmp_path / 'x'
    expected = outcome(train(d2l, 'dropout', checkpoint_every=9, checkpoint_path=path))
    train(d2l, 'dropout', max_epochs=2, checkpoint_every=9, checkpoint_path=path)
    while int(nn.Dense(1).name.removeprefix('dense')) not in (8, 98, 998, 9998):
        pass
    resumed = train(d2l, 'dropout', ckpt_path=path, checkpoint_every=9, checkpoint_path=path)
    names = [layer.name for layer in resumed.model.net if isinstance(layer, nn.Dense)]
    assert names != sorted(names)
    assert_same(outcome(resumed), expected)
