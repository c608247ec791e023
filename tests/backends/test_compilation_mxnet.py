"""What is only MXNet's of compiled steps: a record of one step becomes an operator."""

import warnings

import numpy as np
import pytest
from contract import require, small_data

d2l = require('mxnet')

from mxnet import autograd, gluon, init  # noqa: E402
from mxnet import np as mnp  # noqa: E402
from mxnet.gluon import nn  # noqa: E402

from d2lite.training.purity import Untraceable  # noqa: E402
from d2lite_mxnet.recording import Graph, marked, recording  # noqa: E402


def fit(make_model, compile, data=None, max_epochs=2, **kwargs):
    """A training from the same seed; that something is not compiled fails the test."""
    d2l.seed_everything(1)
    model = make_model()
    trainer = d2l.Trainer(max_epochs, compile=compile, **kwargs)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        trainer.fit(model, (data or (lambda: small_data(d2l, num_train=100)))())
    return trainer


def assert_same_bits(compiled, plain):
    assert compiled.compiled and not plain.compiled
    ours, theirs = (t.state_of.get_parameters(t) for t in (compiled, plain))
    for name in theirs:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    for ours, theirs in zip(compiled.history, plain.history, strict=True):
        assert {**ours, 'seconds': 0} == {**theirs, 'seconds': 0}


class Network(d2l.Module):
    """Layers whose training differs from their prediction."""

    def __init__(self, hybridize=False):
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.HybridSequential()
        self.net.add(nn.Dense(8), nn.BatchNorm(), nn.Activation('relu'), nn.Dropout(0.5))
        self.net.add(nn.Dense(1))
        self.net.initialize(init.Xavier())
        if hybridize:
            self.net.hybridize()

    loss = d2l.LinearRegression.loss

    def configure_optimizers(self):
        return gluon.Trainer(self.collect_params(), 'adam', {'learning_rate': 0.05})


@pytest.mark.parametrize('hybridize', [False, True])
def test_dropout_and_running_statistics_are_those_of_plain_steps(hybridize):
    runs = [fit(lambda: Network(hybridize), compile) for compile in (True, False)]
    assert_same_bits(*runs)
    assert runs[0].model.net._active == hybridize
    means = runs[0].state_of.get_parameters(runs[0])['net.1.running_mean']
    assert np.abs(means).min() > 0


def test_recording_changes_nothing():
    model = Network()
    trainer = d2l.Trainer(1, compile=True)
    trainer.fit(model, small_data(d2l))
    before = trainer.state_of.get_parameters(trainer)
    d2l.seed_everything(3)
    trainer.compilation(trainer).prepare()
    drawn = mnp.random.uniform(size=3).asnumpy()
    d2l.seed_everything(3)
    np.testing.assert_array_equal(drawn, mnp.random.uniform(size=3).asnumpy())
    after = trainer.state_of.get_parameters(trainer)
    for name in before:
        np.testing.assert_array_equal(after[name], before[name])


def test_it_knows_when_it_is_training():
    seen = []

    class Model(d2l.LinearRegressionScratch):
        def forward(self, X):
            return super().forward(2 * X if autograd.is_training() else X)

        def loss(self, y_hat, y):
            if autograd.is_training() != autograd.is_recording():
                seen.append('a recording of prediction')
            return super().loss(y_hat, y)

    assert_same_bits(*(fit(lambda: Model(2, lr=0.03), c) for c in (True, False)))
    assert not autograd.is_training()


def test_constants_types_and_numbers_of_the_batch():
    offset = mnp.array([1.0, -1.0])

    class Model(d2l.LinearRegressionScratch):
        def __init__(self):
            super().__init__(2, lr=0.03)
            self.scale = mnp.array([2.0, 0.5])

        def forward(self, X):
            X = (X + mnp.zeros(X.shape)) * self.scale
            return super().forward(X + offset - 2 * offset + (mnp.arange(2) + 1))

        def training_step(self, batch):
            X, y = batch
            y_hat = self(X)
            loss = d2l.reduce_sum((y_hat - y.copy()) ** 2) / len(X)  # differs in the last batch
            near = d2l.astype(mnp.abs(y_hat.detach() - y) < 1, d2l.float32)
            self.plot('loss', loss, train=True)
            self.plot('near', d2l.reduce_mean(near), train=True)
            self.plot('number', 3.0, train=True)
            return loss

    runs = [fit(Model, compile, gradient_clip_val=1) for compile in (True, False)]
    assert_same_bits(*runs)
    assert 0 < runs[0].history[-1]['train_near'] < 1 and runs[0].history[-1]['train_number'] == 3


def test_a_loss_that_is_plotted_is_computed_once():
    trainer = fit(lambda: d2l.LinearRegressionScratch(2, lr=0.03), True)
    training, validation = trainer.compiled.programs
    for program in (training, validation):
        for graph, _ in program.graphs.values():
            assert len(graph([mnp.ones((16, 2)), mnp.ones((16, 1))])) == 1


def test_a_shape_that_comes_later():
    """Is compiled too, or made as it is written where it cannot be."""

    class Data(d2l.SyntheticRegressionData):
        def get_dataloader(self, train):
            return list(super().get_dataloader(train))

    def data():
        return Data(w=d2l.tensor([2.0, -3.4]), b=4.2, num_train=50, num_val=10, batch_size=16)

    class Model(d2l.LinearRegressionScratch):
        def training_step(self, batch):
            loss = super().training_step(batch)
            if len(batch[0]) == 2:
                assert loss.item() > 0
            return loss

    for make, number in ((d2l.LinearRegressionScratch, 2), (Model, 1)):
        runs = [fit(lambda make=make: make(2, lr=0.03), c, data) for c in (True, False)]
        assert_same_bits(*runs)
        graphs = runs[0].compiled.programs[0].graphs
        assert len(graphs) == 2 and len([g for g in graphs.values() if g]) == number


def unrecordable():
    """By what the warning says: what a step does beside."""
    other, later = nn.HybridSequential(), nn.Dense(1)
    other.add(*[nn.Dense(1, in_units=1, activation='relu') for _ in range(3)])
    for block in (other, later):
        block.initialize()
        block.hybridize(block is other)

    return {
        'it looks at a value': lambda model, loss: loss if loss > -1 else -loss,
        'it looks at a value ': lambda model, loss: loss * float(np.asarray(loss.detach()) > -1),
        'it writes into an array': lambda model, loss: _add(model, loss),
        'it writes into an array ': lambda model, loss: _set(model, loss),
        'it draws from mx.np.random': lambda model, loss: loss + 0 * mnp.random.normal(),
        'it makes an array from numbers': lambda model, loss: loss * mnp.array(1.0),
        'a hybridized block that is no part': lambda model, loss: loss + 0 * other(model.w).sum(),
        'it gives dense.* a shape': lambda model, loss: loss + 0 * later(model.w).sum(),
        'no record of how a value': lambda model, loss: model.plot('x', mnp.ones(()), True) or loss,
    }


def _add(model, loss):
    model.total += 1
    return loss


def _set(model, loss):
    model.total[0] = 1
    return loss


@pytest.mark.parametrize('reason', list(unrecordable()))
def test_what_cannot_be_recorded_is_made_as_written(reason):
    function = unrecordable()[reason]

    class Model(d2l.LinearRegressionScratch):
        def __init__(self):
            super().__init__(2, lr=0.03)
            self.total = mnp.zeros(1)

        def loss(self, y_hat, y):
            loss = super().loss(y_hat, y)
            return function(self, loss) if autograd.is_recording() else loss

    d2l.seed_everything(1)
    model, trainer = Model(), d2l.Trainer(2, compile=True)
    with pytest.warns(UserWarning, match=f'step by step.*{reason.strip()}'):
        trainer.fit(model, small_data(d2l, num_train=100))
    assert not trainer.compiled
    assert model.total.item() == {'it writes into an array': 14, 'it writes into an array ': 1}.get(
        reason, 0
    )
    plain = fit(lambda: d2l.LinearRegressionScratch(2, lr=0.03), False)
    assert trainer.history[-1]['val_loss'] == pytest.approx(plain.history[-1]['val_loss'])


def test_an_autograd_function_is_not_recorded():
    class Double(autograd.Function):
        def forward(self, x):
            return 2 * x

    model, (X,) = d2l.LinearRegression(lr=0.03), marked([mnp.ones(2)])
    with recording(model, train=True) as made:
        head = Double()(X)
    with pytest.raises(Untraceable, match='it uses an autograd.Function'):
        Graph([head], [X], [], made)


def test_hooks_are_called():
    calls = []
    model = d2l.LinearRegression(lr=0.03)
    model.net.register_forward_hook(lambda *_: calls.append(1))
    with pytest.warns(UserWarning, match='has hooks'):
        d2l.Trainer(1, compile=True).fit(model, small_data(d2l, num_val=0))
    assert len(calls) >= 4
