"""What only PyTorch has of compiled steps: learning rates and other settings, hooks, groups."""

import pytest
from compiled import assert_same, graphs_run_as_they_are, scratch  # noqa: F401
from contract import require, small_data


@pytest.fixture
def d2l():
    namespace = require('pytorch')
    namespace.seed_everything(0)
    return namespace


def fit(d2l, change, compile, model=None):
    """A training in which `change(optim, epoch)` is called before each epoch."""

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            change(self.optim, self.epoch)
            super().fit_epoch()

    d2l.seed_everything(0)
    trainer = Trainer(max_epochs=3, compile=compile)
    trainer.fit(model or d2l.LinearRegression(lr=0.03), small_data(d2l, num_train=200))
    return trainer


def halve(optim, epoch):
    for group in optim.param_groups:
        group['lr'] /= 2


def gain_momentum(optim, epoch):
    optim.param_groups[0]['momentum'] = 0.9 * (epoch > 0)


@pytest.mark.parametrize('change', [halve, gain_momentum])
def test_settings_that_change_between_epochs(d2l, change):
    compiled, plain = (fit(d2l, change, compile) for compile in (True, False))
    assert_same(d2l, compiled, plain)
    unchanged = fit(d2l, lambda *args: None, False)
    assert unchanged.history[2]['val_loss'] != pytest.approx(plain.history[2]['val_loss'], rel=0.01)


def test_small_steps_are_made_together(d2l):
    trainer = fit(d2l, lambda *args: None, True)
    sizes = {key[0] for key in trainer.compiled.programs[0].programs}
    assert sizes == {(16,) * 8, (16,) * 4 + (8,)}


def test_a_model_with_hooks_is_trained_as_written(d2l):
    model, seen = scratch(d2l), []
    model.register_forward_hook(lambda *args: seen.append(1))
    with pytest.warns(UserWarning, match='LinearRegressionScratch has hooks'):
        fit(d2l, lambda *args: None, True, model)
    assert len(seen) == 3 * (13 + 2)


def test_tied_and_plain_parameters(d2l):
    import torch

    class Tied(d2l.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.a = torch.nn.Linear(2, 2)
            self.b = torch.nn.Linear(2, 2)
            self.b.weight = self.a.weight
            self.scales = [torch.ones(2, requires_grad=True)]
            self.register_buffer('count', torch.zeros(()))

        def forward(self, X):
            if self.training:
                self.count += 1
            return (self.b(torch.tanh(self.a(X))) * self.scales[0]).sum(1, keepdim=True)

        def loss(self, y_hat, y):
            return torch.nn.functional.mse_loss(y_hat, y)

        def configure_optimizers(self):
            return torch.optim.SGD([*self.parameters(), *self.scales], lr=0.01)

    def trained(compile):
        return fit(d2l, lambda *args: None, compile, Tied())

    compiled, plain = trained(True), trained(False)
    assert_same(d2l, compiled, plain)
    assert compiled.model.count == plain.model.count == 39
    assert compiled.model.b.weight is compiled.model.a.weight
    assert not torch.equal(plain.model.scales[0], torch.ones(2))
