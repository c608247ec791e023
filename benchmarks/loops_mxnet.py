"""Loops on MXNet: its tutorial's, and the best that we know, a network and loss as one graph."""

from d2lite import mxnet as _mended  # noqa: F401 I001  MXNet needs it on NumPy 2
import numpy as np
from mxnet import autograd, engine, gluon
from mxnet import np as mnp
from mxnet.gluon import nn

from benchmarks.loop import Loop, Losses, Ordered, slices
from benchmarks.sequences_mxnet import NETWORKS
from benchmarks.workloads import Data, Workload


class MxnetLoop(Loop):
    channels_first = outputs_first = True

    def build(self, data: Data, parameters: list[np.ndarray]) -> None:
        arrays = data.X, data.y, data.X_val, data.y_val
        self.X, self.y, self.X_val, self.y_val = map(mnp.array, arrays)
        self.net = network(self.workload)
        self.net.initialize()
        self.net(self.X[:1])  # the shapes
        params = self.net.collect_params().values()
        self.params = [param for param in params if param.grad_req != 'null']  # no constants
        for param, array in zip(self.params, parameters, strict=True):
            param.set_data(mnp.array(array))
        classifies = self.workload.classifies
        self.loss_fn = gluon.loss.SoftmaxCELoss() if classifies else gluon.loss.L2Loss()
        self.trainer = gluon.Trainer(self.net.collect_params(), 'sgd', {'learning_rate': self.lr})
        self.prepare()

    def arrays(self) -> list:
        return [param.data().asnumpy() for param in self.params]


class Tutorial(MxnetLoop):
    """As in Gluon's crash course: a DataLoader, a network, a Trainer, losses summed lazily."""

    def prepare(self) -> None:
        order = {'shuffle': True} if self.orders is None else {'sampler': Ordered(self)}
        data = gluon.data.ArrayDataset(self.X, self.y)
        self.train_data = gluon.data.DataLoader(data, self.batch_size, **order)
        if self.validates:
            data = gluon.data.ArrayDataset(self.X_val, self.y_val)
            self.val_data = gluon.data.DataLoader(data, self.batch_size)

    def epoch(self) -> Losses:
        train_loss, val_loss = 0, None
        for X, y in self.train_data:
            with autograd.record():
                loss = self.loss_fn(self.net(X), y)
            loss.backward()
            self.trainer.step(len(X))
            train_loss += loss.mean()
        if self.validates:
            val_loss = sum(self.loss_fn(self.net(X), y).mean() for X, y in self.val_data)
            val_loss = val_loss.item() / len(self.val_data)
        return train_loss.item() / len(self.train_data), val_loss


class Best(MxnetLoop):
    """Network and loss as one graph, a gather for each batch, one sync an epoch.

    The update is Gluon's; on W1 by hand it takes as long. Two graphs take 1.2 to 1.4 times as long
    on W1 and W2 and 1.02 to 1.06 times on W3 and W4; array operations without a graph 1.25 times, a
    graph without `static_alloc` 1.15 times (W1, W2); operators one by one, without `bulk`, 1.03.
    """

    def prepare(self) -> None:
        self.loss = MeanLoss(self.net, self.loss_fn)
        self.loss.hybridize(static_alloc=True, static_shape=True)

    def epoch(self) -> Losses:
        order = mnp.array(self.order(), dtype='int32')
        rows = slices(len(order), self.batch_size)
        with engine.bulk(16):
            losses = [self.step(order[each]) for each in rows]
            val_loss = self.validate() if self.validates else None
        return mnp.stack(losses).mean().item(), val_loss

    def step(self, rows: mnp.ndarray) -> mnp.ndarray:
        X, y = mnp.take(self.X, rows, axis=0), mnp.take(self.y, rows, axis=0)
        with autograd.record():
            loss = self.loss(X, y)
        loss.backward()
        self.trainer.step(1)
        return loss

    def validate(self) -> float:
        rows = slices(self.workload.num_val, self.batch_size)
        losses = [self.loss(self.X_val[each], self.y_val[each]) for each in rows]
        return mnp.stack(losses).mean().item()


class MeanLoss(gluon.HybridBlock):
    def __init__(self, net, loss_fn):
        super().__init__()
        self.net, self.loss_fn = net, loss_fn

    def hybrid_forward(self, F, X, y):
        return self.loss_fn(self.net(X), y).mean()


def network(workload: Workload) -> nn.HybridSequential:
    if workload.has_tokens:
        return NETWORKS[workload.model]()
    net = nn.HybridSequential()
    if workload.model == 'mlp':
        net.add(nn.Dense(256, activation='relu'), nn.Dense(10))
    elif workload.model == 'lenet':
        net.add(
            nn.Conv2D(6, kernel_size=5, padding=2, activation='sigmoid'),
            nn.AvgPool2D(pool_size=2, strides=2),
            nn.Conv2D(16, kernel_size=5, activation='sigmoid'),
            nn.AvgPool2D(pool_size=2, strides=2),
            nn.Dense(120, activation='sigmoid'),
            nn.Dense(84, activation='sigmoid'),
            nn.Dense(10),
        )
    else:
        net.add(nn.Dense(1))
    return net


Compiled = Best  # a graph already
