"""PyTorch's SGD in fewer calls: the same bits, and its own step as soon as there is more to do."""

import numpy as np
import pytest
from contract import require, small_data

torch_d2l = require('pytorch')

import torch  # noqa: E402

from d2lite_torch.optimizer import PlainSGD, is_plain  # noqa: E402


class Net(torch_d2l.Module):
    def __init__(self, configure):
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(
            torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)
        )
        self.unused = torch.nn.Parameter(torch.ones(3))  # has no gradient
        self.configure = configure

    def loss(self, y_hat, y):
        return torch.nn.functional.mse_loss(y_hat, y)

    def configure_optimizers(self):
        return self.configure([*self.parameters()])


def trained(configure, plainly):
    """The parameters after two epochs, with PlainSGD if `plainly`."""
    torch_d2l.seed_everything(0)
    model = Net(configure)
    trainer = torch_d2l.Trainer(max_epochs=2)
    trainer.fit(model, small_data(torch_d2l))
    assert isinstance(trainer.update, PlainSGD) == plainly
    return [param.detach().numpy() for param in model.parameters()]


class Sgd(torch.optim.SGD):
    """The same to the letter, but not PyTorch's class, so nothing is known of its step."""


@pytest.mark.parametrize(
    'groups',
    [
        lambda params: params,
        lambda params: [{'params': params[:2]}, {'params': params[2:], 'lr': 0.3}],
    ],
    ids=['one', 'two'],
)
def test_the_bits_of_pytorch(groups):
    ours = trained(lambda params: torch.optim.SGD(groups(params), lr=0.1), plainly=True)
    theirs = trained(lambda params: Sgd(groups(params), lr=0.1), plainly=False)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    'options',
    [{'momentum': 0.9}, {'weight_decay': 0.1}, {'maximize': True}, {'lr': torch.tensor(0.1)}],
)
def test_more_than_plain_is_left_to_pytorch(options):
    optim = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], **{'lr': 0.1} | options)
    assert not is_plain(optim)


def test_what_watches_steps_sees_them():
    param = torch.nn.Parameter(torch.ones(2))
    scheduled, hooked = (torch.optim.SGD([param], lr=0.1) for _ in range(2))
    torch.optim.lr_scheduler.StepLR(scheduled, 1)
    hooked.register_step_post_hook(lambda *args: None)
    assert is_plain(torch.optim.SGD([param], lr=0.1))
    assert not is_plain(scheduled) and not is_plain(hooked)


@torch.no_grad()
def test_settings_that_change_while_training():
    param = torch.nn.Parameter(torch.ones(2))
    optim = torch.optim.SGD([param], lr=0.5)
    update = PlainSGD(optim)
    param.grad = torch.ones(2)
    update.step()
    assert param.tolist() == [0.5, 0.5]
    optim.param_groups[0]['lr'] = 0.25
    update.step()
    assert param.tolist() == [0.25, 0.25]
    optim.param_groups[0]['momentum'] = 0.9
    update.step()
    assert param.tolist() == [0, 0] and 'momentum_buffer' in optim.state[param]
    update.zero_grad()
    assert param.grad is None


def test_convolutions_keep_their_numbers_and_get_their_channels_last():
    model = torch_d2l.LeNet()
    data = torch_d2l.Digits(batch_size=512, resize=(28, 28))
    model.apply_init([next(iter(data.train_dataloader()))[0]])
    before = model.net[3].weight.detach().clone()
    trainer = torch_d2l.Trainer(max_epochs=0)
    trainer.fit(model, data)
    weight = model.net[3].weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert not before.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(weight.detach().numpy(), before.numpy())
