"""Loops on PyTorch: its tutorial's, and the best that we know, eager and compiled."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.loop import Loop
from d2lite.saving.layouts import from_neutral, to_neutral

F = nn.functional

IMAGE = (16, 5, 5)  # what LeNet flattens


class TorchLoop(Loop):
    def load(self, data):
        """The arrays as tensors, which share their memory."""
        arrays = (data.X, data.y, data.X_val, data.y_val)
        X, y, X_val, y_val = (torch.from_numpy(array) for array in arrays)
        if self.workload.classifies:
            y, y_val = y.long(), y_val.long()
        if self.workload.model == 'lenet':
            X, X_val = X.reshape(-1, 1, 28, 28), X_val.reshape(-1, 1, 28, 28)
        return X, y, X_val, y_val

    def parameters(self):
        arrays = [param.detach().numpy() for param in self.params]
        return [
            to_neutral(array, IMAGE if array.shape == (120, 400) else None)
            if array.ndim > 1
            else array.copy()
            for array in arrays
        ]


def tensors(parameters):
    """The initial parameters in PyTorch's layouts."""
    return [
        torch.from_numpy(
            from_neutral(array, IMAGE if array.shape == (400, 120) else None)
            if array.ndim > 1
            else array.copy()
        )
        for array in parameters
    ]


class Tutorial(TorchLoop):
    """As in PyTorch's "Optimizing Model Parameters": a DataLoader, modules, an optimizer."""

    def build(self, data, parameters):
        X, y, X_val, y_val = self.load(data)
        self.train_dataloader = self.dataloader(X, y, shuffle=True)
        self.val_dataloader = self.dataloader(X_val, y_val) if self.validates else None
        self.model = module(self.workload)
        self.params = list(self.model.parameters())
        with torch.no_grad():
            for param, value in zip(self.params, tensors(parameters), strict=True):
                param.copy_(value)
        self.loss_fn = nn.CrossEntropyLoss() if self.workload.classifies else half_mse
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=self.lr)

    def dataloader(self, X, y, shuffle=False):
        if shuffle and self.orders is not None:
            return DataLoader(TensorDataset(X, y), self.batch_size, sampler=Ordered(self))
        return DataLoader(TensorDataset(X, y), self.batch_size, shuffle=shuffle)

    def epoch(self):
        self.model.train()
        for batch, (X, y) in enumerate(self.train_dataloader):
            loss = self.loss_fn(self.model(X), y)
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            if batch % 100 == 0:
                loss.item()
        return None, self.validate() if self.validates else None

    def validate(self):
        self.model.eval()
        val_loss = 0
        with torch.no_grad():
            for X, y in self.val_dataloader:
                val_loss += self.loss_fn(self.model(X), y).item()
        return val_loss / len(self.val_dataloader)


class Ordered:
    """A sampler whose order is given."""

    def __init__(self, loop):
        self.loop = loop

    def __len__(self):
        return self.loop.workload.num_train

    def __iter__(self):
        return iter(self.loop.order().tolist())


def half_mse(y_hat, y):
    return F.mse_loss(y_hat, y) / 2


def module(workload):
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


class Best(TorchLoop):
    """Plain functions of tensors, one gather an epoch, views as batches, one sync an epoch.

    The gather goes into memory that is kept: that saves the page faults of a fresh array. What was
    slower, in CPU time: to gather with X[order] into a fresh array 1.0 to 1.5 times, to gather each
    batch by itself 1.0 to 1.1, torch.optim.SGD instead of the lines of `step` 1.4 to 1.5 (W1, W2),
    modules instead of functions 1.1 (W1), F.linear instead of addmm 1.05 (W2). `backward` is as
    fast as `autograd.grad`. Convolutions take 0.94 of the time with the channels last.
    """

    def build(self, data, parameters):
        self.X, self.y, X_val, y_val = self.load(data)
        self.shuffled = torch.empty_like(self.X), torch.empty_like(self.y)
        self.val_batches = []
        if self.validates:
            sizes = X_val.split(self.batch_size), y_val.split(self.batch_size)
            self.val_batches = list(zip(*sizes, strict=True))
        if self.workload.classifies:
            parameters = tensors(parameters)
        self.params = [torch.as_tensor(array).clone().requires_grad_() for array in parameters]
        self.forward = FORWARD[self.workload.model]
        self.loss_fn = F.cross_entropy if self.workload.classifies else half_mse

    def parameters(self):
        if not self.workload.classifies:
            return [param.detach().numpy().copy() for param in self.params]
        return super().parameters()

    def epoch(self):
        losses = [self.step(X, y) for X, y in self.train_batches(self.batch_size)]
        return torch.stack(losses).mean().item(), self.validate() if self.validates else None

    def train_batches(self, num_rows):
        order = torch.from_numpy(self.order())
        X, y = self.shuffled
        torch.index_select(self.X, 0, order, out=X)
        torch.index_select(self.y, 0, order, out=y)
        return zip(X.split(num_rows), y.split(num_rows), strict=True)

    def step(self, X, y):
        loss = self.loss(self.params, X, y)
        grads = torch.autograd.grad(loss, self.params)
        with torch.no_grad():
            for param, grad in zip(self.params, grads, strict=True):
                param.sub_(grad, alpha=self.lr)
        return loss.detach()

    def loss(self, params, X, y):
        return self.loss_fn(self.forward(params, X), y)

    def validate(self):
        with torch.no_grad():
            losses = [self.loss(self.params, X, y) for X, y in self.val_batches]
            return torch.stack(losses).mean().item()


class Compiled(Best):
    """Several whole steps, with gradients and updates, as one compiled function.

    To call a compiled function costs as much as a step of a linear model does eagerly: with one
    step a call W1 takes as long as the eager loop, with 4 half of that, with 8 a third, and more
    steps only take longer to compile (8 steps: 5 to 20 s). There is a compilation more for the
    steps that are left, the partial last batch among them; nothing is padded. Linear regression as
    a matrix times a vector takes 0.6 (W1) to 0.85 (W2) of the time of `addmm`.
    """

    def build(self, data, parameters):
        super().build(data, parameters)
        self.params = [param.detach() for param in self.params]
        self.steps_in_a_call = 1 if self.workload.classifies else 8
        self.compiled_steps = torch.compile(self.steps, dynamic=False)
        self.compiled_losses = torch.compile(self.losses, dynamic=False)
        self.val_data = self.load(data)[2:]
        if not self.workload.classifies:
            self.forward = linear_by_vector

    def epoch(self):
        num_rows = self.steps_in_a_call * self.batch_size
        losses = [self.compiled_steps(self.params, X, y) for X, y in self.train_batches(num_rows)]
        return torch.cat(losses).mean().item(), self.validate() if self.validates else None

    def steps(self, params, X, y):
        losses, updated = [], params
        for X_batch, y_batch in self.batches(X, y):
            grads, loss = torch.func.grad_and_value(self.loss)(updated, X_batch, y_batch)
            updated = [p - self.lr * grad for p, grad in zip(updated, grads, strict=True)]
            losses.append(loss)
        for param, new in zip(params, updated, strict=True):
            param.copy_(new)
        return torch.stack(losses)

    def losses(self, params, X, y):
        return torch.stack([self.loss(params, *batch) for batch in self.batches(X, y)])

    def batches(self, X, y):
        return zip(X.split(self.batch_size), y.split(self.batch_size), strict=True)

    def validate(self):
        num_rows = self.steps_in_a_call * self.batch_size
        batches = zip(*(array.split(num_rows) for array in self.val_data), strict=True)
        return torch.cat([self.compiled_losses(self.params, *b) for b in batches]).mean().item()


def linear(params, X):
    weight, bias = params
    return torch.addmm(bias, X, weight)


def linear_by_vector(params, X):
    weight, bias = params
    return torch.mv(X, weight[:, 0]).unsqueeze(1) + bias


def mlp(params, X):
    weight_1, bias_1, weight_2, bias_2 = params
    return F.linear(F.relu(F.linear(X, weight_1, bias_1)), weight_2, bias_2)


def lenet(params, X):
    conv_1, bias_1, conv_2, bias_2, *dense = params
    X = X.to(memory_format=torch.channels_last)
    X = F.avg_pool2d(torch.sigmoid(F.conv2d(X, conv_1, bias_1, padding=2)), 2)
    X = F.avg_pool2d(torch.sigmoid(F.conv2d(X, conv_2, bias_2)), 2).flatten(1)
    X = torch.sigmoid(F.linear(X, *dense[0:2]))
    X = torch.sigmoid(F.linear(X, *dense[2:4]))
    return F.linear(X, *dense[4:6])


FORWARD = {'scratch': linear, 'linear': linear, 'mlp': mlp, 'lenet': lenet}
CONTENDERS = {'tutorial': Tutorial, 'best': Best, 'best compiled': Compiled}
