"""Linear regression and the classifiers of images, written out for the reference.

Each function takes the parameters, by their neutral names, and a minibatch, and returns its loss.
"""

from typing import Any

import numpy as np

from d2lite.parity.data import CLASSES, images, lesson
from d2lite.parity.layers import (
    Params,
    avg_pool,
    batch_norm,
    conv,
    cross_entropy,
    dense,
    flatten,
    squared_loss,
    within,
)
from d2lite.parity.model import ParityModel, layer, norm
from d2lite.parity.problem import Tolerance
from d2lite.parity.tape import Value, as_value, relu, sigmoid


def linear_regression_scratch(p: Params, X: np.ndarray, y: np.ndarray) -> Value:
    return squared_loss(as_value(X) @ p['w'] + p['b'], y)


def linear_regression(p: Params, X: np.ndarray, y: np.ndarray) -> Value:
    return squared_loss(dense(within(p, 'net'), X), y)


def softmax_regression(p: Params, X: np.ndarray, y: np.ndarray) -> Value:
    return cross_entropy(dense(within(p, 'net.0'), flatten(X)), y)


def mlp(p: Params, X: np.ndarray, y: np.ndarray) -> Value:
    hidden = relu(dense(within(p, 'net.0'), flatten(X)))
    return cross_entropy(dense(within(p, 'net.1'), hidden), y)


def lenet(p: Params, X: np.ndarray, y: np.ndarray) -> Value:
    H = avg_pool(sigmoid(conv(within(p, 'net.0'), X, padding=2)))
    H = avg_pool(sigmoid(conv(within(p, 'net.1'), H)))
    H = sigmoid(dense(within(p, 'net.2'), flatten(H)))
    H = sigmoid(dense(within(p, 'net.3'), H))
    return cross_entropy(dense(within(p, 'net.4'), H), y)


def resnet(p: Params, X: np.ndarray, y: np.ndarray) -> Value:
    """A ResNet of two stages, each of one block; the second halves the size."""
    H = relu(batch_norm(within(p, 'net.1'), conv(within(p, 'net.0'), X, padding=1)))
    H = residual(within(p, 'net.2.0'), H)
    H = residual(within(p, 'net.3.0'), H, stride=2)
    return cross_entropy(dense(within(p, 'net.4'), H.mean((1, 2))), y)


def residual(p: Params, X: Value, stride: int = 1) -> Value:
    """A residual block; with 'conv3' its input passes a convolution of one pixel."""
    Y = relu(batch_norm(within(p, 'bn1'), conv(within(p, 'conv1'), X, padding=1, stride=stride)))
    Y = batch_norm(within(p, 'bn2'), conv(within(p, 'conv2'), Y, padding=1))
    if 'conv3.weight' in p:
        X = conv(within(p, 'conv3'), X, stride=stride)
    return relu(Y + X)


# A linear model is a few operations and sums over the batch and the features: 1e-6 leaves room for
# 16 roundings in a row. SGD that converges contracts, so errors of earlier steps at most add up;
# being of either sign, those of three epochs (96 steps) add up to about 10 times one step's: 1e-5.
# In float64 the roundings of thousands of steps stay below 1e-12 even if all are of one sign.
LINEAR_TOLERANCES = {'float32': Tolerance(1e-6, 1e-5), 'float64': Tolerance(1e-12, 1e-12)}


def residual_shapes(num_inputs: int, num_channels: int, **rest: Any) -> dict[str, Any]:
    n = num_channels
    convolutions = {'conv1': layer(3, 3, num_inputs, n), 'conv2': layer(3, 3, n, n)}
    return convolutions | dict.fromkeys(('bn1', 'bn2'), norm(n, statistics=True)) | rest


MODELS: dict[str, ParityModel] = {
    'LinearRegressionScratch': ParityModel(
        make=lambda d2l, lr: d2l.LinearRegressionScratch(2, lr=lr),
        loss=linear_regression_scratch,
        data=lesson,
        shapes={'w': (2, 1), 'b': (1,)},
        lr=1 / 32,
        batch_size=32,
        num_steps=96,
        tolerances=LINEAR_TOLERANCES,
    ),
    'LinearRegression': ParityModel(
        make=lambda d2l, lr: d2l.LinearRegression(lr=lr),
        loss=linear_regression,
        data=lesson,
        shapes={'net': layer(2, 1)},
        lr=1 / 32,
        batch_size=32,
        num_steps=96,
        tolerances=LINEAR_TOLERANCES,
    ),
    'SoftmaxRegression': ParityModel(
        make=lambda d2l, lr: d2l.SoftmaxRegression(CLASSES, lr=lr),
        loss=softmax_regression,
        data=images(6),
        shapes={'net': [layer(36, CLASSES)]},
    ),
    'MLP': ParityModel(
        make=lambda d2l, lr: d2l.MLP(CLASSES, 16, lr=lr),
        loss=mlp,
        data=images(6),
        shapes={'net': [layer(36, 16), layer(16, CLASSES)]},
    ),
    'LeNet': ParityModel(
        make=lambda d2l, lr: d2l.LeNet(lr=lr, num_classes=CLASSES),
        loss=lenet,
        data=images(28),
        shapes={
            'net': [
                layer(5, 5, 1, 6),
                layer(5, 5, 6, 16),
                layer(400, 120),
                layer(120, 84),
                layer(84, CLASSES),
            ]
        },
    ),
    'ResNet': ParityModel(
        make=lambda d2l, lr: d2l.ResNet(((1, 4), (1, 8)), lr=lr, num_classes=CLASSES),
        loss=resnet,
        data=images(8),
        shapes={
            'net': [
                layer(3, 3, 1, 4),
                norm(4, statistics=True),
                [residual_shapes(4, 4)],
                [residual_shapes(4, 8, conv3=layer(1, 1, 4, 8))],
                layer(8, CLASSES),
            ]
        },
    ),
}
