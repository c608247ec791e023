"""Callbacks: when they are called, and those that come with d2lite."""

import csv
import sys

import numpy as np
import pytest
from compiled import fast, scratch
from contract import backend_of, require, small_data

HOOKS = [
    'on_fit_start',
    'on_fit_end',
    'on_train_epoch_start',
    'on_train_epoch_end',
    'on_train_batch_end',
    'on_validation_epoch_end',
    'on_exception',
]


def recording(d2l, hooks=HOOKS, every_n=1):
    """A callback that notes its calls, with the number of steps and epochs done."""
    calls = []

    def hook(name):
        def call(self, trainer, model, *error):
            assert trainer.model is model
            calls.append((name, trainer.train_batch_idx, len(trainer.history)))

        return call

    attributes = {name: hook(name) for name in hooks}
    cls = type('Recording', (d2l.Callback,), attributes | {'every_n_train_steps': every_n})
    callback = cls()
    callback.calls = calls
    return callback


def run(d2l, *callbacks, model=None, compiled=True, num_val=16, **kwargs):
    """Trains in 3 steps an epoch."""
    data = small_data(d2l, num_train=48, num_val=num_val)
    compile = fast(d2l) if compiled else False
    trainer = d2l.Trainer(**{'max_epochs': 2, 'compile': compile} | kwargs, callbacks=callbacks)
    trainer.fit(model or scratch(d2l), data)
    return trainer


@pytest.mark.parametrize('compiled', [True, False])
def test_the_order_of_the_hooks(d2l, compiled):
    callback = recording(d2l)
    run(d2l, callback, compiled=compiled)
    expected = [('on_fit_start', 0, 0)]
    for epoch in range(2):
        first = 3 * epoch
        expected.append(('on_train_epoch_start', first, epoch))
        expected += [('on_train_batch_end', first + i, epoch) for i in (1, 2, 3)]
        expected.append(('on_validation_epoch_end', first + 3, epoch + 1))
        expected.append(('on_train_epoch_end', first + 3, epoch + 1))
    assert callback.calls == [*expected, ('on_fit_end', 6, 2)]


def test_without_validation_data(d2l):
    callback = recording(d2l)
    run(d2l, callback, num_val=0)
    assert 'on_validation_epoch_end' not in [name for name, *_ in callback.calls]


@pytest.mark.parametrize('compiled', [True, False])
def test_every_n_steps(d2l, compiled):
    callback = recording(d2l, ['on_train_batch_end'], every_n=2)
    run(d2l, callback, compiled=compiled)
    assert [step for _, step, _ in callback.calls] == [2, 4, 6]


@pytest.mark.parametrize('backend', ['jax', 'tensorflow'])
@pytest.mark.parametrize('hooks, calls', [(HOOKS[:4], [3]), (HOOKS, [1, 1, 1])])
def test_an_epoch_is_one_call_unless_a_callback_asks_for_each_step(
    backend, hooks, calls, monkeypatch
):
    d2l = require(backend)
    cls, counts = d2l.Trainer.compiled_class, []
    steps = cls.steps

    def counted(self, order, start, stop, train):
        counts.append(stop - start)
        return steps(self, order, start, stop, train)

    monkeypatch.setattr(cls, 'steps', counted)
    run(d2l, recording(d2l, hooks), num_val=0, max_epochs=1)
    assert counts == calls


def test_an_exception_is_told_and_goes_on(d2l):
    class Failing(d2l.Callback):
        def on_train_epoch_end(self, trainer, model):
            raise KeyError('mine')

    callback = recording(d2l)
    seen = []
    callback_class = type(callback)
    callback_class.on_exception = lambda self, trainer, model, error: seen.append(error)
    with pytest.raises(KeyError, match='mine') as caught:
        run(d2l, callback, Failing())
    assert seen == [caught.value]
    assert 'on_fit_end' not in [name for name, *_ in callback.calls]


class Scores:
    """A model's validation plots the next of these scores in each epoch."""

    def __init__(self, d2l, *scores):
        left = iter(scores)

        class Model(d2l.LinearRegressionScratch):
            def validation_step(self, *args):
                self.plot('score', next(left), train=False)

        self.model = Model(2, lr=0.03)


def scored(d2l, callback, *scores, **kwargs):
    return run(
        d2l,
        *([callback] if callback else []),
        model=Scores(d2l, *scores).model,
        compiled=False,
        max_epochs=len(scores),
        **kwargs,
    )


def test_early_stopping_waits_for_its_patience(d2l):
    callback = d2l.EarlyStopping('val_score', patience=2)
    trainer = scored(d2l, callback, 3, 2, 2.5, 1, 1, 1.5, 0)
    assert len(trainer.history) == callback.stopped_epoch == 6
    assert (callback.best_epoch, callback.best_score) == (4, 1)


def test_early_stopping_with_a_maximum_and_a_least_gain(d2l):
    callback = d2l.EarlyStopping('val_score', patience=1, min_delta=0.5, mode='max')
    trainer = scored(d2l, callback, 1, 2, 2.4, 9)
    assert len(trainer.history) == 3 and callback.best_epoch == 2


def test_early_stopping_that_has_nothing_to_stop(d2l):
    callback = d2l.EarlyStopping('val_score', patience=1)
    assert len(scored(d2l, callback, 3, 2, 1).history) == 3
    assert callback.stopped_epoch is None


def test_a_label_that_is_not_plotted(d2l):
    with pytest.raises(ValueError, match="monitors 'val_acc', but the model plots train_loss, val"):
        run(d2l, d2l.EarlyStopping('val_acc'))
    with pytest.raises(ValueError, match="mode must be 'min' or 'max', got 'least'"):
        d2l.EarlyStopping('val_loss', mode='least')


@pytest.mark.parametrize('in_file', [True, False])
def test_the_best_parameters_are_kept(d2l, tmp_path, in_file):
    found = []

    class Look(d2l.Callback):
        def on_train_epoch_end(self, trainer, model):
            found.append(trainer.get_parameters())

    callback = d2l.ModelCheckpoint('val_score', path=tmp_path / 'best' if in_file else None)
    model = Scores(d2l, 3, 1, 2).model
    trainer = run(d2l, callback, Look(), model=model, compiled=False, max_epochs=3)
    assert (callback.best_epoch, callback.best_score) == (2, 1)
    assert (trainer.get_parameters()['w'] == found[2]['w']).all()
    trainer.load_best()
    for name, array in found[1].items():
        np.testing.assert_array_equal(trainer.get_parameters()[name], array)
        assert (array != found[2][name]).any()
    if in_file:
        np.testing.assert_array_equal(d2l.load_parameters(tmp_path / 'best')['w'], found[1]['w'])


def test_load_best_without_a_callback_that_kept_it(d2l):
    with pytest.raises(RuntimeError, match='load_best needs a model'):
        d2l.Trainer(1).load_best()
    with pytest.raises(RuntimeError, match=r'needs Trainer\(callbacks=\[d2l.ModelCheckpoint'):
        run(d2l).load_best()


def test_learning_rates_are_monitored(d2l):
    monitor = d2l.LearningRateMonitor()
    trainer = run(d2l, monitor, model=d2l.LinearRegression(lr=0.25))
    if backend_of(d2l) in ('jax', 'nnx'):  # optax.sgd is a pair of functions
        assert monitor.lrs == []
    else:
        assert monitor.lrs == [row['lr'] for row in trainer.history] == [0.25, 0.25]


def test_the_history_as_csv_and_as_a_frame(d2l, tmp_path):
    path = tmp_path / 'new' / 'history.csv'
    trainer = run(d2l, d2l.CSVLogger(path))
    with path.open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [{key: float(value) for key, value in row.items()} for row in rows] == trainer.history
    frame = trainer.history_frame()
    assert list(frame.columns) == list(trainer.history[0]) and len(frame) == 2
    assert frame['val_loss'].tolist() == [row['val_loss'] for row in trainer.history]
    run(d2l, d2l.CSVLogger(path), max_epochs=1)
    assert len(path.read_text().splitlines()) == 2  # made anew


def test_a_frame_without_pandas_says_what_to_install(d2l, monkeypatch):
    monkeypatch.setitem(sys.modules, 'pandas', None)
    with pytest.raises(ImportError, match='history_frame needs pandas'):
        d2l.Trainer(2).history_frame()


def test_the_csv_of_a_training_that_goes_on_has_all_its_epochs(d2l, tmp_path):
    model, data = scratch(d2l), small_data(d2l)
    trainer = d2l.Trainer(2)
    trainer.fit(model, data)
    trainer.save_checkpoint(tmp_path / 'x')
    trainer = d2l.Trainer(3, callbacks=[d2l.CSVLogger(tmp_path / 'csv')])
    trainer.fit(scratch(d2l), data, ckpt_path=tmp_path / 'x')
    assert [line.split(',')[0] for line in (tmp_path / 'csv').read_text().splitlines()] == [
        'epoch', '1', '2', '3',
    ]  # fmt: skip


def test_the_history_in_tensorboard(d2l, tmp_path):
    pytest.importorskip('tensorboard')
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trainer = run(d2l, d2l.TensorBoardLogger(tmp_path))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    labels = {key for row in trainer.history for key in row} - {'epoch'}
    tags = events.Tags()
    assert labels <= {*tags['scalars'], *tags['tensors']}
    if 'val_loss' in tags['tensors']:
        values = [each.tensor_proto.float_val[0] for each in events.Tensors('val_loss')]
    else:
        values = [each.value for each in events.Scalars('val_loss')]
    assert values == pytest.approx([row['val_loss'] for row in trainer.history])
