"""Compiled steps compute what the steps as written compute, and nothing else happens."""

import signal
import warnings

import numpy as np
import pytest
from compiled import assert_same, fast, fit, scratch, sgd
from contract import BACKENDS, backend_of, require, small_data
from devices import on_device
from models import dropout_model, momentum_model


@pytest.mark.parametrize(
    'make',
    [scratch, lambda d2l: d2l.LinearRegression(lr=0.03), momentum_model, dropout_model],
    ids=['scratch', 'layers', 'momentum', 'dropout'],
)
def test_the_same_as_step_by_step(d2l, make):
    if make is dropout_model and _is_keras_2(d2l):
        pytest.skip('dropout of Keras 2 draws from tf.random, so it is not compiled')
    runs = [fit(d2l, lambda: make(d2l), compiled) for compiled in (True, False)]
    assert_same(d2l, *runs)


@pytest.mark.parametrize('sizes', [(96, 32), (100, 40), (10, 3), (16, 16)])
def test_any_number_of_batches(d2l, sizes):
    def data():
        return small_data(d2l, num_train=sizes[0], num_val=sizes[1])

    assert_same(d2l, *(fit(d2l, lambda: scratch(d2l), c, data=data) for c in (True, False)))


def test_without_validation_data(d2l):
    def data():
        return small_data(d2l, num_val=0)

    assert_same(d2l, *(fit(d2l, lambda: scratch(d2l), c, data=data) for c in (True, False)))


def test_clipping(d2l):
    runs = [fit(d2l, lambda: scratch(d2l), c, gradient_clip_val=0.5) for c in (True, False)]
    assert_same(d2l, *runs)
    free = fit(d2l, lambda: scratch(d2l))
    assert free.history[-1]['train_loss'] < runs[0].history[-1]['train_loss'] - 1


@pytest.mark.parametrize('kind', ['LeNet', 'ResNet'])
def test_images(d2l, kind):
    """Convolutions, of which JAX makes step after step, and batch statistics."""
    arch = {'arch': ((1, 4),)} if kind == 'ResNet' else {}

    def data():
        return d2l.Digits(batch_size=256, resize=(28, 28) if kind == 'LeNet' else None)

    runs = [
        fit(d2l, lambda: getattr(d2l, kind)(lr=0.01, **arch), compiled, 1, data)
        for compiled in (True, False)
    ]
    assert runs[0].compiled and not runs[1].compiled
    for key in ('train_loss', 'val_loss'):
        assert runs[0].history[0][key] == pytest.approx(runs[1].history[0][key], rel=1e-3)
    names = runs[0].serialization.get_parameters(runs[0]).keys()
    assert any('running_var' in name for name in names) == (kind == 'ResNet')


def test_a_loader_of_another_kind(d2l):
    class Data(d2l.SyntheticRegressionData):
        def get_dataloader(self, train):
            return list(super().get_dataloader(train))

    def data():
        return Data(w=d2l.tensor([2.0, -3.4]), b=4.2, num_train=50, num_val=10, batch_size=16)

    assert_same(d2l, *(fit(d2l, lambda: scratch(d2l), c, data=data) for c in (True, False)))


def test_methods_of_a_lesson(d2l):
    class Model(d2l.LinearRegressionScratch):
        def configure_optimizers(self):
            return sgd(d2l, self, self.lr / 2)

    if backend_of(d2l) == 'jax':

        def loss(self, params, X, y, state):
            y_hat = state.apply_fn({'params': params}, *X)
            return 3 * d2l.reduce_mean((y_hat - y) ** 2), {'more': y_hat}

    else:

        def loss(self, y_hat, y):
            return 3 * d2l.reduce_mean((y_hat - y) ** 2)

        def training_step(self, batch):
            loss = self.loss(self(*batch[:-1]), batch[-1])
            self.plot('mine', 2 * loss, train=True)
            return loss

        Model.training_step = training_step
    Model.loss = loss

    def trainer(compile):
        class Trainer(d2l.Trainer):
            def prepare_batch(self, batch):
                X, y = batch
                return 2 * X, y

        d2l.seed_everything(0)
        trainer = Trainer(max_epochs=3, compile=compile)
        trainer.fit(Model(2, lr=0.03), small_data(d2l, num_train=100))
        return trainer

    assert_same(d2l, trainer(fast(d2l)), trainer(False))


def test_a_redefined_fit_epoch_runs_as_written(d2l):
    batches = []

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            self.model.training = True
            for batch in self.train_dataloader:
                batches.append(type(batch[0]))
                self.train_batch_idx += 1

    with warnings.catch_warnings():
        warnings.simplefilter('error')
        Trainer(max_epochs=2).fit(scratch(d2l), small_data(d2l))
    assert len(batches) == 8


def test_values_that_change_between_two_fits(d2l):
    """A program is used again only if it is the same: not with another constant in it."""
    factor = 1.0

    class Model(d2l.LinearRegressionScratch):
        def configure_optimizers(self):
            return sgd(d2l, self, self.lr * factor)

    offset = on_device(d2l, d2l.tensor([1.0, 2.0]))

    class Shifted(d2l.LinearRegressionScratch):
        def forward(self, X):
            return super().forward(X + offset)

    for cls in (Model, Shifted):
        before = fit(d2l, lambda cls=cls: cls(2, lr=0.01))
        factor, offset = 2.0, on_device(d2l, d2l.tensor([3.0, -1.0]))
        after = fit(d2l, lambda cls=cls: cls(2, lr=0.01))
        plain = fit(d2l, lambda cls=cls: cls(2, lr=0.01), compiled=False)
        assert_same(d2l, after, plain)
        assert before.history != after.history
        factor, offset = 1.0, on_device(d2l, d2l.tensor([1.0, 2.0]))


@pytest.mark.parametrize('backend', ['jax', 'tensorflow'])
def test_many_steps_are_one_call_and_wait_for_no_device(backend, monkeypatch):
    d2l = require(backend)
    calls = []
    cls = d2l.Trainer.compiled_class
    steps = cls.steps
    monkeypatch.setattr(
        cls,
        'steps',
        lambda self, order, start, stop, train: (
            calls.append((start, stop, train)) or steps(self, order, start, stop, train)
        ),
    )
    fit(d2l, lambda: scratch(d2l), max_epochs=2, data=lambda: small_data(d2l, num_train=100))
    # The batch that is smaller than the others may be a step of its own.
    stop = 7 if cls.loops_to_the_end else 6
    assert calls == [(0, stop, True), (0, 2, False)] * 2


def test_ctrl_c_between_two_programs(d2l, tmp_path):
    """Some steps are complete then, and from there it goes on as if nothing had been."""

    def start(model, interrupted=False, **kwargs):
        class Trainer(d2l.Trainer):
            def steps_until_callback(self, limit):
                return min(limit, 3)  # several steps to a program, and several programs an epoch

            def on_steps_end(self, count):
                if interrupted and self.train_batch_idx == 10:
                    signal.raise_signal(signal.SIGINT)
                super().on_steps_end(count)

        d2l.seed_everything(0)
        data = small_data(d2l, num_train=100)
        d2l.seed_everything(0)
        Trainer(max_epochs=3, compile=fast(d2l)).fit(model, data, **kwargs)
        return model.trainer

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        expected = start(scratch(d2l))
        model = scratch(d2l)
        with pytest.raises(KeyboardInterrupt):
            start(model, interrupted=True)
    finally:
        signal.signal(signal.SIGINT, previous)
    assert model.trainer.compiled and model.trainer.train_batch_idx == 10
    model.trainer.save_checkpoint(tmp_path / 'x')
    resumed = start(scratch(d2l), ckpt_path=tmp_path / 'x')
    ours, theirs = (t.serialization.get_parameters(t) for t in (resumed, expected))
    for name in theirs:
        np.testing.assert_array_equal(ours[name], theirs[name])
    assert resumed.model.board.data == expected.model.board.data


@pytest.mark.parametrize('name', BACKENDS)
def test_compile_takes_three_values(name):
    with pytest.raises(ValueError, match="compile must be None, True or False, got 'yes'"):
        require(name).Trainer(max_epochs=1, compile='yes')


def test_compile_true(d2l, really_compiled):
    """As PyTorch itself compiles, and TensorFlow with XLA."""
    runs = [
        fit(d2l, lambda: scratch(d2l), data=lambda: small_data(d2l, num_val=0), compile=compile)
        for compile in (True, False)
    ]
    assert_same(d2l, *runs)


def _is_keras_2(d2l):
    return 'Keras 2' in d2l.framework.version()
