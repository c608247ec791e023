"""What is only MXNet's of a training: hybridize(), Gluon's optimizers, copies."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from contract import require, small_data

d2l = require('mxnet')

from mxnet import autograd, gluon, init, lr_scheduler  # noqa: E402
from mxnet import np as mnp  # noqa: E402
from mxnet.gluon import nn  # noqa: E402

from d2lite.training.callbacks import Callback  # noqa: E402
from d2lite_mxnet.hybrid import hybrid_blocks, is_hybridized  # noqa: E402


class Network(d2l.Module):
    """Layers whose training differs from their prediction."""

    def __init__(self, container=nn.HybridSequential, hybridize=False):
        super().__init__()
        self.save_hyperparameters()
        self.net = container()
        self.net.add(nn.Dense(8), nn.BatchNorm(), nn.Activation('relu'), nn.Dropout(0.5))
        self.net.add(nn.Dense(1))
        self.net.initialize(init.Xavier())
        if hybridize:
            self.net.hybridize()

    loss = d2l.LinearRegression.loss

    def configure_optimizers(self):
        return gluon.Trainer(self.collect_params(), 'adam', {'learning_rate': 0.05})


class Scaled(nn.HybridBlock):
    """A layer of a lesson's own, which reads a number."""

    def __init__(self):
        super().__init__()
        self.scale = 1.0
        self.dense = nn.Dense(1)

    def hybrid_forward(self, F, X):
        return self.dense(X) * self.scale


class ScaledNet(d2l.Module):
    def __init__(self, layer, lr=0.03):
        super().__init__()
        self.lr, self.net = lr, layer
        self.net.initialize(init.Xavier())

    loss = d2l.LinearRegression.loss


def fit(model, compile, max_epochs=2, silent=True, **kwargs):
    """A training from the same seed; that something is not compiled fails the test."""
    trainer = d2l.Trainer(max_epochs, compile=compile, **kwargs)
    with warnings.catch_warnings():
        if silent:
            warnings.simplefilter('error')
        d2l.seed_everything(2)
        trainer.fit(model, small_data(d2l, num_train=100))
    return trainer


def assert_same(runs):
    ours, theirs = (trainer.get_parameters() for trainer in runs)
    for name in theirs:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5, atol=1e-6, err_msg=name)
    for ours, theirs in zip(runs[0].history, runs[1].history, strict=True):
        for label in theirs.keys() - {'seconds', 'compile_seconds'}:
            assert ours[label] == pytest.approx(theirs[label], rel=1e-5)


@pytest.mark.parametrize(
    ('container', 'hybridize'),
    [(nn.Sequential, False), (nn.HybridSequential, False), (nn.HybridSequential, True)],
)
def test_hybridized_layers_train_as_they_are_written(container, hybridize, monkeypatch):
    calls, forward = [], gluon.nn.Dense.hybrid_forward
    monkeypatch.setattr(
        nn.Dense, 'hybrid_forward', lambda *a, **k: calls.append(1) or forward(*a, **k)
    )
    runs, number = [], []
    for compile in (None, False):
        d2l.seed_everything(1)
        calls.clear()
        runs.append(fit(Network(container, hybridize), compile))
        number.append(len(calls))
    assert_same(runs)
    assert number[0] < 10 and (hybridize or number[1] > 20)
    for trainer in runs:
        assert {is_hybridized(block) for block in hybrid_blocks(trainer.model)} == {hybridize}


def test_built_in_models_are_hybridized_whole():
    for model in (d2l.MLP(10, 8, 0.1), d2l.SoftmaxRegression(10, 0.1), d2l.LeNet(), d2l.ResNet()):
        assert isinstance(model.net, nn.HybridSequential)


def test_a_value_that_changes_between_epochs_is_seen():
    class Halve(Callback):
        every_n_train_steps = None

        def on_train_epoch_end(self, trainer, model):
            model.net.scale /= 2

    runs = []
    for compile in (None, False):
        d2l.seed_everything(1)
        runs.append(fit(ScaledNet(Scaled()), compile, max_epochs=3, callbacks=[Halve()]))
    assert_same(runs)


def test_parameters_of_a_hybridized_model_are_those_of_others():
    """The layout of the first dense layer is found by hooks, which a graph does not call."""
    arrays = []
    for hybridize in (False, True):
        d2l.seed_everything(1)
        model, trainer = d2l.LeNet(), d2l.Trainer(0)
        if hybridize:
            model.net.hybridize()
            model(mnp.ones((2, 1, 28, 28)))
        trainer.fit(model, d2l.Digits(resize=(28, 28)))
        arrays.append(trainer.get_parameters())
        assert is_hybridized(model.net) == hybridize
    for name, array in arrays[0].items():
        np.testing.assert_array_equal(arrays[1][name], array)


def test_a_value_that_changes_within_an_epoch_is_seen():
    class Halve(Callback):
        every_n_train_steps = 2

        def on_train_batch_end(self, trainer, model):
            model.net.scale /= 2

    runs = []
    for compile in (None, False):
        d2l.seed_everything(1)
        runs.append(fit(ScaledNet(Scaled()), compile, callbacks=[Halve()]))
    assert_same(runs)
    assert runs[0].compiled
    list(runs[0].train_dataloader)  # after the training nothing is hybridized again
    assert not any(map(is_hybridized, hybrid_blocks(runs[0].model)))


def test_a_model_without_layers_runs_as_written_in_silence():
    trainer = fit(d2l.LinearRegressionScratch(2, lr=0.03), None)
    assert trainer.compiled and not trainer.compiled.changed


class Looks(Scaled):
    def hybrid_forward(self, F, X):
        return self.dense(X) * (2.0 if X.shape[1] > 1 else 1.0)


class Counts(Scaled):
    def hybrid_forward(self, F, X):
        self.scale += 1
        return self.dense(X)


class AsksMode(Scaled):
    def hybrid_forward(self, F, X):
        return self.dense(X) * (2.0 if autograd.is_training() else 1.0)


class Prints(nn.HybridSequential):
    """A layer of Gluon's with code of a lesson's own."""

    def __init__(self):
        super().__init__()
        self.add(nn.Dense(1), nn.HybridLambda(lambda F, X: print(end='') or X))


@pytest.mark.parametrize(
    ('layer', 'reason'),
    [
        (Looks, 'AttributeError|shape'),
        (Counts, "sets the attribute 'scale'"),
        (AsksMode, 'is_training'),
        (Prints, r'calls print\(\)'),
    ],
)
def test_what_cannot_be_traced_runs_as_written(layer, reason):
    runs = []
    for compile in (None, False):
        d2l.seed_everything(1)
        model = ScaledNet(layer())
        if compile is None:
            with pytest.warns(UserWarning, match=f'step by step.*({reason})'):
                runs.append(fit(model, compile, silent=False))
        else:
            runs.append(fit(model, compile))
    assert_same(runs)
    assert not any(map(is_hybridized, hybrid_blocks(runs[0].model)))


def test_a_forward_that_counts_is_not_called_once_more():
    class Counting(ScaledNet):
        calls = 0

        def forward(self, X):
            self.calls += 1
            return super().forward(X)

    with pytest.warns(UserWarning, match="sets the attribute 'calls'"):
        trainer = fit(Counting(Scaled()), None, silent=False)
    assert trainer.model.calls == trainer.train_batch_idx + trainer.val_batch_idx


def test_hooks_are_called():
    calls = []
    model = d2l.LinearRegression(lr=0.03)
    model.net.register_forward_hook(lambda *_: calls.append(1))
    with pytest.warns(UserWarning, match='has hooks'):
        d2l.Trainer(1).fit(model, small_data(d2l, num_val=0))
    assert len(calls) >= 4


def test_hooks_of_a_callback_are_called():
    calls = []

    class Watch(Callback):
        def on_train_epoch_end(self, trainer, model):
            if trainer.epoch == 0:
                model.net[0].register_forward_hook(lambda *_: calls.append(1))

    with pytest.warns(UserWarning, match='has hooks'):
        trainer = fit(Network(), None, silent=False, callbacks=[Watch()])
    assert len(calls) == trainer.num_train_batches + trainer.num_val_batches


class Scheduled(d2l.LinearRegression):
    def configure_optimizers(self):
        schedule = lr_scheduler.FactorScheduler(step=3, factor=0.5)
        params = {'learning_rate': self.lr, 'momentum': 0.9, 'lr_scheduler': schedule}
        return gluon.Trainer(self.collect_params(), 'sgd', params)


def test_a_schedule_of_gluon_is_stepped_and_resumed(tmp_path):
    data = small_data(d2l)
    whole, first, second = (d2l.Trainer(epochs) for epochs in (3, 1, 3))
    for trainer in (whole, first):
        d2l.seed_everything(1)
        trainer.fit(Scheduled(lr=0.1), small_data(d2l))
    assert whole.current_lr() == pytest.approx(0.1 * 0.5**4)  # of step 13: after 3, 6, 9 and 12
    first.save_checkpoint(tmp_path / 'c')
    d2l.seed_everything(1)
    model, data = Scheduled(lr=0.1), small_data(d2l)
    second.fit(model, data, ckpt_path=tmp_path / 'c')
    assert second.current_lr() == whole.current_lr()
    for name, array in whole.get_parameters().items():
        np.testing.assert_array_equal(second.get_parameters()[name], array)


@pytest.mark.parametrize('make_copy', [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize('hybridize', [False, True])
def test_a_trained_model_is_copied(make_copy, hybridize):
    for model in (Network(hybridize=hybridize), d2l.LinearRegressionScratch(2, lr=0.03)):
        fit(model, compile=hybridize)
        X = mnp.ones((3, 2))
        expected = model(X).asnumpy()
        other = make_copy(model)
        np.testing.assert_array_equal(other(X).asnumpy(), expected)
        fit(other, compile=hybridize)  # it can be trained, and the first one stays as it is
        assert np.abs(other(X).asnumpy() - expected).max() > 0
        np.testing.assert_array_equal(model(X).asnumpy(), expected)


def test_parameters_that_the_loss_does_not_use_stay():
    class Model(d2l.LinearRegressionScratch):
        def __init__(self):
            super().__init__(2, lr=0.03)
            self.unused = mnp.ones(2)

        def configure_optimizers(self):
            return d2l.SGD([self.w, self.b, self.unused], self.lr)

    model = Model()
    fit(model, compile=False, gradient_clip_val=1)
    assert model.unused.asnumpy().tolist() == [1, 1]


@pytest.mark.parametrize('loss', [None, 3.0, mnp.ones(3)])
def test_a_step_without_a_loss(loss):
    class Model(d2l.LinearRegressionScratch):
        def training_step(self, batch):
            return loss

    with pytest.raises(TypeError, match='training_step'):
        fit(Model(2, lr=0.03), compile=False)
