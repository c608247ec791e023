"""The seconds of an epoch: until the device is done, and without those of compiling."""

import pytest
from compiled import fast, scratch
from contract import backend_of, small_data

from d2lite.training import times


class Clock:
    """A clock that only we move."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(times.time, 'perf_counter', lambda: self.now)

    def moves(self, seconds, function):
        def moved(*args, **kwargs):
            self.now += seconds
            return function(*args, **kwargs)

        return moved


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_an_epoch_ends_when_the_device_is_done(d2l, clock, monkeypatch):
    monkeypatch.setattr(d2l.Trainer, 'wait', clock.moves(100.0, d2l.Trainer.wait))
    trainer = d2l.Trainer(max_epochs=2, compile=False)
    trainer.fit(scratch(d2l), small_data(d2l))
    assert [row['seconds'] for row in trainer.history] == [100, 100]
    assert [row['compile_seconds'] for row in trainer.history] == [0, 0]


def test_what_is_compiled_is_told_apart(d2l, clock, monkeypatch):
    cls = d2l.Trainer(max_epochs=1).compiled_class
    monkeypatch.setattr(cls, 'prepare', clock.moves(10.0, cls.prepare))
    monkeypatch.setattr(d2l.Trainer, 'wait', clock.moves(1.0, d2l.Trainer.wait))
    trainer = d2l.Trainer(max_epochs=2, compile=fast(d2l))
    trainer.fit(scratch(d2l), small_data(d2l))
    assert [row['seconds'] for row in trainer.history] == [1, 1]
    assert [row['compile_seconds'] for row in trainer.history] == [10, 0]


def test_what_prepares_a_training_counts_as_compiling(d2l, clock, monkeypatch):
    cls = d2l.Trainer
    monkeypatch.setattr(cls, 'prepare_model', clock.moves(10.0, cls.prepare_model))
    monkeypatch.setattr(cls, 'prepare_optimizer', clock.moves(1.0, cls.prepare_optimizer))
    trainer = d2l.Trainer(max_epochs=2, compile=False)
    trainer.fit(scratch(d2l), small_data(d2l))
    assert [row['compile_seconds'] for row in trainer.history] == [11, 0]
    assert [row['seconds'] for row in trainer.history] == [0, 0]


def test_compiling_within_compiling_counts_once(clock):
    epoch = times.EpochTimes()
    with epoch.compiling():
        clock.now += 1
        with epoch.compiling():
            clock.now += 2
    epoch.begin()
    clock.now += 4
    with epoch.compiling():
        clock.now += 8
    assert epoch.end() == {'seconds': 4, 'compile_seconds': 11}
    epoch.begin()
    assert epoch.end() == {'seconds': 0, 'compile_seconds': 0}


def test_the_first_call_counts_where_it_compiles(d2l, clock, monkeypatch):
    if backend_of(d2l) != 'pytorch':
        pytest.skip('what calls compile is the same on each')
    cls = d2l.Trainer(max_epochs=1).compiled_class
    monkeypatch.setattr(cls, 'steps', clock.moves(1.0, cls.steps))
    monkeypatch.setattr(cls, 'step', clock.moves(1.0, cls.step))
    trainer = d2l.Trainer(max_epochs=2, compile=True)
    trainer.fit(scratch(d2l), small_data(d2l, num_train=64, num_val=16))
    assert [row['compile_seconds'] for row in trainer.history] == [2, 0]


def test_jax_waits_for_the_last_update(d2l):
    if backend_of(d2l) != 'jax':
        pytest.skip('the other frameworks are asked by name')
    import time

    import jax

    events = []

    def slow(value):
        time.sleep(0.2)
        events.append('updated')
        return value

    class Model(d2l.LinearRegressionScratch):
        def plot(self, *args, **kwargs):
            pass

        def configure_optimizers(self):
            import optax

            def update(grads, state, params=None):
                shapes = jax.tree.map(lambda g: jax.ShapeDtypeStruct(g.shape, g.dtype), grads)
                return jax.pure_callback(slow, shapes, grads), state

            return optax.GradientTransformation(lambda params: optax.EmptyState(), update)

    class Epochs(d2l.Callback):
        def on_train_epoch_end(self, trainer, model):
            events.append('epoch')

    trainer = d2l.Trainer(max_epochs=2, callbacks=[Epochs()])
    trainer.fit(Model(2, lr=0.1), small_data(d2l, num_train=16, num_val=0))
    assert events == ['updated', 'epoch'] * 2


def test_mxnet_waits_for_everything(d2l, monkeypatch):
    if backend_of(d2l) != 'mxnet':
        pytest.skip('of MXNet')
    from mxnet import npx

    calls = []
    monkeypatch.setattr(npx, 'waitall', lambda: calls.append('waited'))
    d2l.Trainer(max_epochs=3).fit(scratch(d2l), small_data(d2l))
    assert calls == ['waited'] * 3
