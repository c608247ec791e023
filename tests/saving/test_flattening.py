"""Networks that flatten images predict the same on every backend, however they do it."""

import warnings

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require
from trainings import evaluate, random_parameters, train

RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 6, 7, 3)).astype(np.float32)
y = RNG.integers(0, 2, 5)


def network(d2l, function, pooled=False, heads=1):
    """A convolution, a function, perhaps pooling, rows made by no layer; dense layers.

    `function`: 'relu' or None.
    """
    build = {'pytorch': _torch, 'mxnet': _mxnet, 'tensorflow': _tensorflow, 'jax': _jax}
    build['nnx'] = _nnx
    return build[backend_of(d2l)](d2l, function, pooled, heads)


def _torch(d2l, function, pooled, heads):
    import torch
    from torch import nn

    class Model(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.lr, self.conv = 0.1, nn.Conv2d(3, 4, 3)
            self.dense = nn.ModuleList([nn.LazyLinear(2) for _ in range(heads)])

        def forward(self, X):
            X = self.conv(X)
            X = torch.relu(X) if function else X
            X = nn.functional.max_pool2d(X, 2) if pooled else X
            X = X.view(len(X), -1)
            return sum(dense(X) for dense in self.dense)

    return Model()


def _mxnet(d2l, function, pooled, heads):
    from mxnet import npx
    from mxnet.gluon import nn

    class Model(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.lr, self.conv = 0.1, nn.Conv2D(4, 3)
            self.dense = nn.Sequential()
            self.dense.add(*[nn.Dense(2) for _ in range(heads)])
            self.initialize()

        def forward(self, X):
            X = self.conv(X)
            X = npx.relu(X) if function else X
            X = npx.pooling(X, kernel=(2, 2), stride=(2, 2)) if pooled else X
            X = X.reshape((len(X), -1))
            return sum(self.dense[i](X) for i in range(heads))

    return Model()


def _tensorflow(d2l, function, pooled, heads):
    import tensorflow as tf

    from d2lite_tensorflow.framework import keras

    class Model(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.lr, self.conv = 0.1, keras.layers.Conv2D(4, 3)
            self.dense = [keras.layers.Dense(2) for _ in range(heads)]

        def forward(self, X):
            X = self.conv(X)
            X = tf.nn.relu(X) if function else X
            X = tf.nn.max_pool2d(X, 2, 2, 'VALID') if pooled else X
            X = tf.reshape(X, (len(X), -1))
            return sum(dense(X) for dense in self.dense)

    return Model()


def _jax(d2l, function, pooled, heads):
    from flax import linen as nn

    class Model(d2l.Classifier):
        lr: float = 0.1

        def setup(self):
            self.conv = nn.Conv(4, (3, 3), padding='VALID')
            self.dense = [nn.Dense(2) for _ in range(heads)]

        def forward(self, X):
            X = self.conv(X)
            X = nn.relu(X) if function else X
            X = nn.max_pool(X, (2, 2), (2, 2)) if pooled else X
            X = X.reshape((len(X), -1))
            return sum(dense(X) for dense in self.dense)

    return Model()


def _nnx(d2l, function, pooled, heads):
    from flax import nnx

    from d2lite_nnx import lazy

    class Model(d2l.Classifier):
        def __init__(self):
            super().__init__()
            rngs = nnx.Rngs(0)
            self.lr, self.conv = 0.1, nnx.Conv(3, 4, (3, 3), padding='VALID', rngs=rngs)
            self.dense = nnx.List([lazy.Linear(2, rngs=rngs) for _ in range(heads)])

        def forward(self, X):
            X = self.conv(X)
            X = nnx.relu(X) if function else X
            X = nnx.max_pool(X, (2, 2), (2, 2)) if pooled else X
            X = X.reshape((len(X), -1))
            return sum(dense(X) for dense in self.dense)

    return Model()


CASES = [(None, False), ('relu', False), ('relu', True)]


def trained(d2l, function, pooled, heads, init_params):
    d2l.seed_everything(0)
    model = network(d2l, function, pooled, heads)
    return train(d2l, model, [(X, y)], init_params=init_params).trainer


@pytest.mark.parametrize('function, pooled', CASES)
def test_predictions_are_the_same_whatever_flattens(d2l, function, pooled):
    if backend_of(d2l) == 'mxnet' and pooled:
        pytest.skip('on MXNet this is a warning, see below')
    here = trained(d2l, function, pooled, 1, random_parameters(0))
    params = here.get_parameters()
    for name in BACKENDS:
        other = require(name)
        if name == 'mxnet' and pooled:
            continue
        there = trained(other, function, pooled, 1, random_parameters(1))
        names = list(there.get_parameters())  # Flax calls the layers of a list dense_0, dense_1
        arrays = [params[key] for key in sorted(params)]
        there._set_parameters(dict(zip(sorted(names), arrays, strict=True)), 'test')
        expected = evaluate(d2l, here, X)
        np.testing.assert_allclose(evaluate(other, there, X), expected, rtol=1e-4, atol=1e-5)


def test_two_layers_may_take_the_same_rows():
    d2l = require('pytorch')
    here = trained(d2l, 'relu', False, 2, random_parameters(0))
    weights = [v for k, v in here.get_parameters().items() if k.endswith('weight') and v.ndim == 2]
    for dense, weight in zip(here.model.dense, weights, strict=True):
        own = d2l.numpy(dense.weight).T.reshape(4, 4, 5, 2).transpose(1, 2, 0, 3)
        np.testing.assert_array_equal(weight.reshape(4, 5, 4, 2), own)


def test_a_later_layer_of_the_same_width_is_left_alone():
    d2l = require('pytorch')
    from torch import nn

    class Model(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.lr, self.net = 0.1, nn.ModuleList([nn.Linear(126, 126), nn.Linear(126, 2)])

        def forward(self, X):
            X = nn.functional.dropout(X.flatten(1), 0.5, self.training)
            return self.net[1](nn.functional.relu(self.net[0](X)))

    trainer = train(d2l, Model(), [(X, y)]).trainer
    first, second = (d2l.numpy(layer.weight) for layer in trainer.model.net)
    found = trainer.get_parameters()
    np.testing.assert_array_equal(found['net.1.weight'], second.T)
    pixels = first.T.reshape(3, 6, 7, 126).transpose(1, 2, 0, 3).reshape(126, 126)
    np.testing.assert_array_equal(found['net.0.weight'], pixels)


def test_mxnet_warns_of_what_it_cannot_find_out():
    d2l = require('mxnet')
    with pytest.warns(UserWarning, match=r'Model flattens images .* by no layer: .*nn.Flatten\(\)'):
        trained(d2l, 'relu', True, 1, random_parameters(0))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        trained(d2l, 'relu', False, 1, random_parameters(0))
