"""Loops on PyTorch: its tutorial's, and the best that we know, eager and compiled."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.loop import Loop, Losses, Ordered
from benchmarks.sequences_pytorch import NETWORKS
from benchmarks.workloads import Data, Workload

F = nn.functional


class TorchLoop(Loop):
    channels_first = outputs_first = True
    label_dtype = 'int64'
    device = 'cpu'  # in loops_pytorch_gpu.py another

    def build(self, data: Data, parameters: list[np.ndarray]) -> None:
        arrays = data.X, data.y, data.X_val, data.y_val
        self.X, self.y, self.X_val, self.y_val = map(torch.from_numpy, arrays)
        self.net = network(self.workload).to(self.device)
        self.params = list(self.net.parameters())
        with torch.no_grad():
            for param, array in zip(self.params, parameters, strict=True):
                param.copy_(torch.from_numpy(array))
        self.loss_fn = cross_entropy if self.workload.classifies else half_mse
        self.prepare()

    def arrays(self) -> list:
        return [param.detach().cpu() for param in self.params]


class Tutorial(TorchLoop):
    """As in PyTorch's "Optimizing Model Parameters": a DataLoader, modules, an optimizer."""

    def prepare(self) -> None:
        order = {'shuffle': True} if self.orders is None else {'sampler': Ordered(self)}
        data = TensorDataset(self.X, self.y)
        self.train_dataloader = DataLoader(data, self.batch_size, **order)
        if self.validates:
            data = TensorDataset(self.X_val, self.y_val)
            self.val_dataloader = DataLoader(data, self.batch_size)
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=self.lr)

    def epoch(self) -> Losses:
        self.net.train()
        for batch, (X, y) in enumerate(self.train_dataloader):
            X, y = X.to(self.device), y.to(self.device)
            loss = self.loss_fn(self.net(X), y)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            if batch % 100 == 0:
                loss.item()
        return None, self.validate() if self.validates else None

    def validate(self) -> float:
        self.net.eval()
        val_loss = 0
        with torch.no_grad():
            for X, y in self.val_dataloader:
                X, y = X.to(self.device), y.to(self.device)
                val_loss += self.loss_fn(self.net(X), y).item()
        return val_loss / len(self.val_dataloader)


class Best(TorchLoop):
    """A gather for each batch, the update as a lesson makes it, one sync an epoch.

    That is by hand on W1, a model from scratch, and elsewhere by `torch.optim.SGD`, in the variant
    that is fastest here. Its default takes 1.05 times as long on W2, and the update by hand 0.75 of
    the time on W2 and 0.95 to 1 on W3 and W4. Gradients of `torch.autograd.grad` that are put into
    `grad` by hand take 0.95 of the time on W2, and no less on W3 and W4. Functions instead of
    modules take 0.93 of the time on W1, and convolutions 1.7 times as long with channels first.
    """

    sgd = {'foreach': False}  # arguments of torch.optim.SGD; None updates by hand
    channels_last = True  # in LeNet's weights

    def prepare(self) -> None:
        if self.workload.model == 'lenet' and self.channels_last:
            self.net.to(memory_format=torch.channels_last)
        self.optimizer = None
        if self.sgd is not None and self.workload.model != 'scratch':
            self.optimizer = torch.optim.SGD(self.params, lr=self.lr, **self.sgd)
        self.val_batches = []
        if self.validates:
            parts = self.X_val.split(self.batch_size), self.y_val.split(self.batch_size)
            self.val_batches = list(zip(*parts, strict=True))

    def epoch(self) -> Losses:
        order = torch.from_numpy(self.order())
        losses = [self.step(rows) for rows in order.split(self.batch_size)]
        return torch.stack(losses).mean().item(), self.validate() if self.validates else None

    def step(self, rows: torch.Tensor) -> torch.Tensor:
        X, y = self.X.index_select(0, rows), self.y.index_select(0, rows)
        loss = self.loss_fn(self.net(X), y)
        if self.optimizer:
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            return loss.detach()
        grads = torch.autograd.grad(loss, self.params)
        with torch.no_grad():
            for param, grad in zip(self.params, grads, strict=True):
                param.sub_(grad, alpha=self.lr)
        return loss.detach()

    def validate(self) -> float:
        with torch.no_grad():
            losses = [self.loss_fn(self.net(X), y) for X, y in self.val_batches]
            return torch.stack(losses).mean().item()


class Compiled(Best):
    """Several whole steps, with gradients and updates, as one compiled function.

    To call a compiled function costs as much as a step of a linear model does eagerly: with one
    step a call W1 takes as long as the eager loop, with 4 half of that, with 8 a third, and more
    steps only take longer to compile (8 steps: 5 to 20 s). There is a compilation more for the
    steps that are left, the partial last batch among them; nothing is padded.
    """

    # d2lite resets PyTorch's compiler at the start of a fit, and with it what is compiled here.
    untimed_epochs = 1

    def prepare(self) -> None:
        super().prepare()
        self.state = {name: param.detach() for name, param in self.net.named_parameters()}
        self.rows_in_a_call = self.batch_size * (1 if self.workload.classifies else 8)
        self.compiled_steps = torch.compile(self.steps, dynamic=False)
        self.compiled_losses = torch.compile(self.losses, dynamic=False)

    def epoch(self) -> Losses:
        order = torch.from_numpy(self.order())
        losses = []
        for rows in order.split(self.rows_in_a_call):
            X, y = self.X.index_select(0, rows), self.y.index_select(0, rows)
            losses.append(self.compiled_steps(self.state, X, y))
        return torch.cat(losses).mean().item(), self.validate() if self.validates else None

    def steps(self, state, X, y):
        losses, updated = [], state
        for batch in self.batches(X, y):
            grads, loss = torch.func.grad_and_value(self.loss)(updated, *batch)
            updated = {name: param - self.lr * grads[name] for name, param in updated.items()}
            losses.append(loss)
        for name, param in state.items():
            param.copy_(updated[name])
        return torch.stack(losses)

    def losses(self, state, X, y):
        return torch.stack([self.loss(state, *batch) for batch in self.batches(X, y)])

    def loss(self, state, X, y):
        return self.loss_fn(torch.func.functional_call(self.net, state, (X,)), y)

    def batches(self, X, y):
        return zip(X.split(self.batch_size), y.split(self.batch_size), strict=True)

    def validate(self) -> float:
        parts = self.X_val.split(self.rows_in_a_call), self.y_val.split(self.rows_in_a_call)
        losses = [self.compiled_losses(self.state, *batch) for batch in zip(*parts, strict=True)]
        return torch.cat(losses).mean().item()


def half_mse(y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.mse_loss(y_hat, y) / 2


def cross_entropy(logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(logits.flatten(0, -2), y.flatten())  # of all tokens


def network(workload: Workload) -> nn.Module:
    if workload.has_tokens:
        return NETWORKS[workload.model]()
    if workload.model == 'mlp':
        return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    if workload.model == 'lenet':
        return nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5, padding=2),
            nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.Conv2d(6, 16, kernel_size=5),
            nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.Flatten(),
            nn.Linear(400, 120),
            nn.Sigmoid(),
            nn.Linear(120, 84),
            nn.Sigmoid(),
            nn.Linear(84, 10),
        )
    return nn.Linear(workload.num_inputs, 1)
