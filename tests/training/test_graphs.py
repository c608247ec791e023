"""CUDA graphs of steps on PyTorch; where there is no GPU, with what stands in for CUDA."""

import operator
import warnings

import numpy as np
import pretended_graphs
import pytest
from compiled import assert_same, scratch
from contract import require, small_data
from models import dropout_model, momentum_model

d2l = require('pytorch')

import torch  # noqa: E402

from d2lite_torch import graphs  # noqa: E402
from d2lite_torch.graphs import WARM_UPS, GraphedEpoch, RecordedStep  # noqa: E402

ON_GPU = torch.cuda.is_available()


@pytest.fixture(autouse=True)
def replays(monkeypatch):
    """Whether each step was made by a graph, in order."""
    made, call = [], RecordedStep.__call__

    def counted(self):
        values = call(self)
        made.append(self.graph is not None)
        return values

    monkeypatch.setattr(RecordedStep, '__call__', counted)
    if not ON_GPU:
        pretended_graphs.install(monkeypatch.setattr)
        monkeypatch.setattr(d2l.Trainer, 'find_gpus', staticmethod(lambda: [torch.device('cpu')]))
    return made


def fit(make_model, compiled=True, max_epochs=3, data=None, **kwargs):
    d2l.seed_everything(0)
    model = make_model()
    data = (data or (lambda: small_data(d2l, num_train=150, num_val=100)))()
    trainer = d2l.Trainer(max_epochs, num_gpus=1, compile=compiled, **kwargs)
    with warnings.catch_warnings():
        warnings.filterwarnings('error', '.*step by step')
        trainer.fit(model, data)
    return trainer


def adam(d2l):
    class Adam(d2l.LinearRegression):
        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), self.lr)

    return Adam(lr=0.01)


def plain_tensors(d2l):
    """A model whose tensors are no parameters, with momentum and Adam."""

    class Plain(d2l.LinearRegressionScratch):
        def __init__(self):
            super().__init__(2, lr=0.03)
            w, b = self.w.data, self.b.data
            del self.w, self.b
            self.w, self.b = w.requires_grad_(), b.requires_grad_()

        def configure_optimizers(self):
            return torch.optim.Adam([self.w, self.b], self.lr)

    return Plain()


MODELS = {
    'scratch': scratch,
    'layers': lambda d2l: d2l.LinearRegression(lr=0.03),
    'momentum': momentum_model,
    'dropout and Adam': dropout_model,
    'Adam': adam,
    'plain tensors': plain_tensors,
}


@pytest.mark.parametrize('name', MODELS)
def test_the_same_as_step_by_step(name, replays):
    compiled = fit(lambda: MODELS[name](d2l))
    assert isinstance(compiled.compiled, GraphedEpoch)
    # Ten steps and seven of validation an epoch; the last of each has fewer rows.
    assert replays.count(False) == 2 * (WARM_UPS + 3)
    assert replays.count(True) == 3 * 17 - 2 * (WARM_UPS + 3)
    assert_same(d2l, compiled, fit(lambda: MODELS[name](d2l), False))


@pytest.mark.parametrize('sizes', [(96, 32), (10, 3), (16, 16), (160, 0)])
def test_any_number_of_batches(sizes):
    def data():
        return small_data(d2l, num_train=sizes[0], num_val=sizes[1])

    assert_same(d2l, *(fit(lambda: scratch(d2l), c, data=data) for c in (True, False)))


@pytest.mark.parametrize('name', ['scratch', 'Adam'])
def test_clipping_and_checkpoints_within_an_epoch(name, tmp_path):
    def once(compiled, **kwargs):
        return fit(lambda: MODELS[name](d2l), compiled, gradient_clip_val=0.5, **kwargs)

    path = tmp_path / 'checkpoint'
    once(True, checkpoint_every=13, checkpoint_path=path)
    whole = once(False)
    d2l.seed_everything(0)
    trainer = d2l.Trainer(3, num_gpus=1, compile=True, gradient_clip_val=0.5)
    data = small_data(d2l, num_train=150, num_val=100)
    trainer.fit(MODELS[name](d2l), data, ckpt_path=path)
    for name, array in whole.get_parameters().items():
        np.testing.assert_allclose(trainer.get_parameters()[name], array, rtol=1e-5)


def test_batches_of_another_loader(replays):
    class Data(d2l.SyntheticRegressionData):
        def get_dataloader(self, train):
            return list(super().get_dataloader(train))

    def data():
        return Data(w=d2l.tensor([2.0, -3.4]), b=4.2, num_train=90, num_val=20, batch_size=16)

    runs = [fit(lambda: scratch(d2l), c, data=data) for c in (True, False)]
    assert any(replays)
    assert_same(d2l, *runs)


def test_batch_statistics_and_classes():
    def data():
        return d2l.Digits(batch_size=256)

    runs = [
        fit(lambda: d2l.ResNet(((1, 4),), lr=0.01), compiled, 2, data) for compiled in (True, False)
    ]
    for ours, theirs in zip(*(run.history for run in runs), strict=True):
        for key in ('train_loss', 'val_loss', 'val_acc'):
            assert ours[key] == pytest.approx(theirs[key], rel=1e-3)


@pytest.mark.parametrize('precision', ['bf16-mixed', '16-mixed'])
def test_mixed_precision(precision):
    def once(compiled):
        return fit(lambda: MODELS['layers'](d2l), compiled, precision=precision)

    assert_same(d2l, once(True), once(False))


def changed(trainer, model, what):
    if what == 'learning rate':
        trainer.optim.lr = 0.3
    elif what == 'attribute':
        model.factor = 0.5
    elif what == 'storage':
        model.w.data = model.w.data + 1
    else:
        model.w.requires_grad_(False)


@pytest.mark.parametrize('every_n', [None, 4])
@pytest.mark.parametrize('what', ['learning rate', 'attribute', 'storage', 'frozen'])
def test_what_a_callback_changes_is_followed(what, every_n):
    class Model(d2l.LinearRegressionScratch):
        factor = 1.0

        def loss(self, y_hat, y):
            return super().loss(y_hat, y) * self.factor

    class Change(d2l.Callback):
        every_n_train_steps = every_n

        def on_train_epoch_end(self, trainer, model):
            if trainer.epoch == 1 and every_n is None:
                changed(trainer, model, what)

    if every_n:

        def on_train_batch_end(self, trainer, model):
            if trainer.train_batch_idx == 16:
                changed(trainer, model, what)

        Change.on_train_batch_end = on_train_batch_end

    runs = [
        fit(lambda: Model(2, lr=0.03), compiled, 3, callbacks=[Change()])
        for compiled in (True, False)
    ]
    assert_same(d2l, *runs)


@pytest.mark.parametrize('what', ['learning rate', 'attribute', 'storage', 'frozen'])
def test_a_graph_holds_until_something_changes(what):
    trainer = fit(lambda: scratch(d2l))
    trainer.model.factor = 1.0
    trainer.compiled.read = trainer.compiled.values_read()
    assert trainer.compiled.is_current()
    changed(trainer, trainer.model, what)
    assert not trainer.compiled.is_current()


@pytest.mark.parametrize('name', ['layers', 'Adam'])
def test_a_graph_holds_the_learning_rate_of_pytorchs_sgd(name):
    trainer = fit(lambda: MODELS[name](d2l))
    trainer.compiled.read = trainer.compiled.values_read()
    assert trainer.compiled.is_current()
    trainer.optim.param_groups[0]['lr'] *= 2
    assert trainer.compiled.is_current() == (name == 'Adam')  # whose update is in no graph


def test_a_step_that_changes_values_of_python_is_not_recorded(replays):
    class Model(d2l.LinearRegressionScratch):
        count = 0

        def training_step(self, batch):
            operator.setitem(vars(self), 'count', self.count + 1)  # not seen in the code
            return super().training_step(batch)

    models = []
    with pytest.warns(UserWarning, match='Model trains step by step.*changed values of Python'):
        d2l.seed_everything(0)
        models.append(Model(2, lr=0.03))
        trainer = d2l.Trainer(2, num_gpus=1, compile=True)
        trainer.fit(models[0], small_data(d2l, num_train=150, num_val=0))
    assert models[0].count == 20


def test_where_python_waits_is_told(monkeypatch):
    if not ON_GPU:
        monkeypatch.setattr(torch.cuda, 'get_sync_debug_mode', lambda: 0)
        monkeypatch.setattr(torch.cuda, 'set_sync_debug_mode', lambda mode: None)

    def step():
        if ON_GPU:
            torch.ones(1, device='cuda').item()
        else:
            warnings.warn(f'{graphs.WAITS} (as CUDA would say it)', stacklevel=2)
        warnings.warn('something else', stacklevel=2)
        return []

    recorded = RecordedStep(step, [], '')
    with pytest.warns(UserWarning, match='something else') as found:
        recorded.looked_at()
    assert len(found) == 1
    assert 'graphs.py waits for the GPU, which a CUDA graph cannot' in recorded.obstacle
