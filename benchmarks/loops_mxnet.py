"""Loops on MXNet: its tutorial's, and the best that we know, imperative and hybridized."""

from d2lite import mxnet as _mended  # noqa: F401 I001  MXNet needs it on NumPy 2
import mxnet as mx
from mxnet import autograd, gluon
from mxnet import np as mnp, npx
from mxnet.gluon import nn

from benchmarks.loop import Loop, slices
from d2lite.saving.layouts import from_neutral, to_neutral

IMAGE = (16, 5, 5)  # what LeNet flattens


class MxnetLoop(Loop):
    def load(self, data):
        X, X_val = data.X, data.X_val
        if self.workload.model == 'lenet':
            X, X_val = X.reshape(-1, 1, 28, 28), X_val.reshape(-1, 1, 28, 28)
        return tuple(mnp.array(array) for array in (X, data.y, X_val, data.y_val))

    def build_net(self, X, parameters):
        """A Gluon network with the initial parameters in its layouts."""
        net = network(self.workload)
        net.initialize()
        net(X[:1])  # the shapes
        for param, array in zip(net.collect_params().values(), parameters, strict=True):
            param.set_data(mnp.array(outputs_first(array) if array.ndim > 1 else array))
        return net

    def parameters(self):
        arrays = [param.data().asnumpy() for param in self.net.collect_params().values()]
        return [outputs_last(array) if array.ndim > 1 else array for array in arrays]


def outputs_first(weight):
    return from_neutral(weight, IMAGE if weight.shape == (400, 120) else None)


def outputs_last(weight):
    return to_neutral(weight, IMAGE if weight.shape == (120, 400) else None)


class Tutorial(MxnetLoop):
    """As in Gluon's crash course: a DataLoader, a network, a Trainer, losses summed lazily."""

    def build(self, data, parameters):
        X, y, X_val, y_val = self.load(data)
        self.net = self.build_net(X, parameters)
        self.loss_fn = loss_function(self.workload)
        self.trainer = gluon.Trainer(self.net.collect_params(), 'sgd', {'learning_rate': self.lr})
        self.train_data = self.dataloader(X, y, shuffle=True)
        self.val_data = self.dataloader(X_val, y_val) if self.validates else None

    def dataloader(self, X, y, shuffle=False):
        dataset = gluon.data.ArrayDataset(X, y)
        if shuffle and self.orders is not None:
            return gluon.data.DataLoader(dataset, self.batch_size, sampler=Ordered(self))
        return gluon.data.DataLoader(dataset, self.batch_size, shuffle=shuffle)

    def epoch(self):
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


class Ordered(gluon.data.Sampler):
    """A sampler whose order is given."""

    def __init__(self, loop):
        self.loop = loop

    def __len__(self):
        return self.loop.workload.num_train

    def __iter__(self):
        return iter(self.loop.order().tolist())


class Fast(MxnetLoop):
    """One gather an epoch, slices as batches, one operator for all updates, one sync an epoch.

    To gather each batch by itself takes 1.05 to 1.15 times as long, NumPy's gather 1.2, Gluon's
    Trainer 1.1 (W1, W2). `mx.engine.bulk` makes no difference that could be measured.
    """

    def epoch(self):
        order = mnp.array(self.order(), dtype='int32')
        X, y = mnp.take(self.X, order, axis=0), mnp.take(self.y, order, axis=0)
        losses = [self.step(*batch) for batch in self.batches(X, y)]
        val_loss = self.validate() if self.validates else None
        return mnp.stack(losses).mean().item(), val_loss

    def batches(self, X, y):
        return [(X[rows], y[rows]) for rows in slices(len(X), self.batch_size)]

    def step(self, X, y):
        with autograd.record():
            loss = self.loss(X, y)
        loss.backward()
        self.update()
        return loss

    def prepare_update(self, weights_and_grads):
        # The optimizers' operators take the older kind of array, of the same memory.
        pairs = [(w.as_nd_ndarray(), g.as_nd_ndarray()) for w, g in weights_and_grads]
        self.weights_and_grads = [array for pair in pairs for array in pair]
        self.weights = [weight for weight, _ in pairs]

    def update(self):
        count = len(self.weights)
        mx.nd.multi_sgd_update(
            *self.weights_and_grads,
            lrs=[self.lr] * count,
            wds=[0.0] * count,
            num_weights=count,
            out=self.weights,
        )

    def validate(self):
        losses = [self.loss(*batch) for batch in self.batches(self.X_val, self.y_val)]
        return mnp.stack(losses).mean().item()


class Best(Fast):
    """Plain functions of arrays; Gluon's blocks take 1.4 times as long on W1 and W2.

    `npx.activation` is faster than `npx.relu` and `npx.sigmoid` (LeNet: 0.85 times the time), and
    `np.square` than `** 2`.
    """

    def build(self, data, parameters):
        self.X, self.y, self.X_val, self.y_val = self.load(data)
        self.arrays = [mnp.array(array) for array in self.own_layouts(parameters)]
        for array in self.arrays:
            array.attach_grad()
        self.prepare_update([(array, array.grad) for array in self.arrays])
        self.forward = FORWARD[self.workload.model]

    def own_layouts(self, parameters):
        if not self.workload.classifies:
            return parameters  # for a product with X
        return [outputs_first(array) if array.ndim > 1 else array for array in parameters]

    def parameters(self):
        arrays = [array.asnumpy() for array in self.arrays]
        if not self.workload.classifies:
            return arrays
        return [outputs_last(array) if array.ndim > 1 else array for array in arrays]

    def loss(self, X, y):
        predictions = self.forward(self.arrays, X)
        if self.workload.classifies:
            return -npx.pick(npx.log_softmax(predictions), y).mean()
        return mnp.square(predictions - y).mean() / 2


class Hybridized(Fast):
    """Network and loss as one symbolic graph; not with static_alloc 1.2 times as slow.

    To call Gluon's internal operator of the block without the block takes 0.85 times as long on W1
    and W2.
    """

    def build(self, data, parameters):
        self.X, self.y, self.X_val, self.y_val = self.load(data)
        self.net = self.build_net(self.X, parameters)
        self.loss = MeanLoss(self.net, loss_function(self.workload))
        self.loss.hybridize(static_alloc=True, static_shape=True)
        params = self.net.collect_params().values()
        self.prepare_update([(param.data(), param.grad()) for param in params])


class MeanLoss(gluon.HybridBlock):
    def __init__(self, net, loss_fn):
        super().__init__()
        self.net, self.loss_fn = net, loss_fn

    def hybrid_forward(self, F, X, y):
        return self.loss_fn(self.net(X), y).mean()


def loss_function(workload):
    return gluon.loss.SoftmaxCELoss() if workload.classifies else gluon.loss.L2Loss()


def network(workload):
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


def linear(params, X):
    weight, bias = params
    return mnp.dot(X, weight) + bias


def mlp(params, X):
    weight_1, bias_1, weight_2, bias_2 = params
    X = npx.activation(npx.fully_connected(X, weight_1, bias_1, num_hidden=256), 'relu')
    return npx.fully_connected(X, weight_2, bias_2, num_hidden=10)


def lenet(params, X):
    weight_1, bias_1, weight_2, bias_2, *dense = params
    X = npx.convolution(X, weight_1, bias_1, kernel=(5, 5), pad=(2, 2), num_filter=6)
    X = avg_pool(npx.activation(X, 'sigmoid'))
    X = npx.convolution(X, weight_2, bias_2, kernel=(5, 5), num_filter=16)
    X = avg_pool(npx.activation(X, 'sigmoid'))
    X = npx.activation(npx.fully_connected(X, *dense[0:2], num_hidden=120), 'sigmoid')
    X = npx.activation(npx.fully_connected(X, *dense[2:4], num_hidden=84), 'sigmoid')
    return npx.fully_connected(X, *dense[4:6], num_hidden=10)


def avg_pool(X):
    return npx.pooling(X, kernel=(2, 2), stride=(2, 2), pool_type='avg')


FORWARD = {'scratch': linear, 'linear': linear, 'mlp': mlp, 'lenet': lenet}
CONTENDERS = {'tutorial': Tutorial, 'best': Best, 'best compiled': Hybridized}
