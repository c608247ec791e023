"""corr2d against NumPy, the shapes of LeNet and ResNet, and residual blocks on all backends."""

import functools

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import classifier
from trainings import evaluate, images, random_parameters, train

RNG = np.random.default_rng(0)


def correlate(X, K):
    """The referee of corr2d, by a sum over the kernel in float64."""
    X, K = np.asarray(X, np.float64), np.asarray(K, np.float64)
    rows, columns = X.shape[0] - K.shape[0] + 1, X.shape[1] - K.shape[1] + 1
    Y = np.zeros((rows, columns))
    for (i, j), k in np.ndenumerate(K):
        Y += k * X[i : i + rows, j : j + columns]
    return Y


def test_the_referee_is_what_one_can_count():
    X, K = np.arange(9).reshape(3, 3), np.arange(4).reshape(2, 2)
    np.testing.assert_array_equal(correlate(X, K), [[19, 25], [37, 43]])


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    extra=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    seed=st.integers(0, 99),
)
@pytest.mark.parametrize('backend', BACKENDS)
def test_corr2d_is_the_cross_correlation(backend, shape, extra, seed):
    d2l, rng = require(backend), np.random.default_rng(seed)
    X = rng.standard_normal(np.add(shape, extra)).astype(np.float32)
    K = rng.standard_normal(shape).astype(np.float32)
    found = d2l.numpy(d2l.corr2d(d2l.DataModule.tensor(X), d2l.DataModule.tensor(K)))
    assert found.shape == (extra[0] + 1, extra[1] + 1)
    np.testing.assert_allclose(found, correlate(X, K), atol=1e-5)


def loss_and_gradient(d2l, X, Y, K):
    """The sum of squares of corr2d(X, K) - Y and its gradient by K, as NumPy arrays."""
    X, Y, K = (d2l.DataModule.tensor(np.asarray(each, np.float32)) for each in (X, Y, K))

    def loss(K):
        return d2l.reduce_sum((d2l.corr2d(X, K) - Y) ** 2)

    if backend_of(d2l) == 'pytorch':
        K.requires_grad_()
        value = loss(K)
        value.backward()
        return d2l.numpy(value), d2l.numpy(K.grad)
    if backend_of(d2l) == 'mxnet':
        from mxnet import autograd

        K.attach_grad()
        with autograd.record():
            value = loss(K)
        value.backward()
        return d2l.numpy(value), d2l.numpy(K.grad)
    if backend_of(d2l) == 'tensorflow':
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(K)
            value = loss(K)
        return d2l.numpy(value), d2l.numpy(tape.gradient(value, K))
    import jax

    value, gradient = jax.jit(jax.value_and_grad(loss))(K)
    return d2l.numpy(value), d2l.numpy(gradient)


def test_a_kernel_is_learned_through_corr2d(d2l):
    """An image with one bright band, whose edges the kernel (1, -1) finds."""
    X = np.ones((4, 6))
    X[:, 2:4] = 0
    Y = correlate(X, [[1, -1]])
    K = np.array([[0.3, 0.2]])
    value, gradient = loss_and_gradient(d2l, X, Y, K)
    error = correlate(X, K) - Y
    np.testing.assert_allclose(value, np.sum(error**2), rtol=1e-5)
    np.testing.assert_allclose(gradient, 2 * correlate(X, error), rtol=1e-5)
    for _ in range(40):
        _, gradient = loss_and_gradient(d2l, X, Y, K)
        K = K - 0.03 * gradient
    np.testing.assert_allclose(K, [[1, -1]], atol=1e-2)


SHAPES = {  # of the parameters, as d2lite/layouts.py has them
    'LeNet': {
        'net.0.weight': (5, 5, 1, 6),
        'net.1.weight': (5, 5, 6, 16),
        'net.2.weight': (400, 120),
        'net.3.weight': (120, 84),
        'net.4.weight': (84, 10),
    },
    'ResNet': {
        'net.0.weight': (3, 3, 1, 16),
        'net.2.0.conv1.weight': (3, 3, 16, 16),
        'net.3.0.conv1.weight': (3, 3, 16, 32),
        'net.3.0.conv3.weight': (1, 1, 16, 32),
        'net.4.0.conv2.weight': (3, 3, 64, 64),
        'net.5.weight': (64, 10),
    },
}


@pytest.mark.parametrize('name, size', [('LeNet', 28), ('ResNet', 9)])
def test_shapes_of_the_built_in_networks(d2l, capsys, name, size):
    model = getattr(d2l, name)()
    X = RNG.standard_normal((2, size, size, 1)).astype(np.float32)
    trainer = train(d2l, model, [(X, [3, 7])], max_epochs=0).trainer
    assert evaluate(d2l, trainer, X).shape == (2, 10)
    found = {k: a.shape for k, a in trainer.serialization.get_parameters(trainer).items()}
    assert {k: found[k] for k in SHAPES[name]} == SHAPES[name]
    weights = [k for k, shape in found.items() if len(shape) > 1]
    assert len(weights) == {'LeNet': 5, 'ResNet': 10}[name]
    model.layer_summary(tuple(images(d2l, X).shape))
    shapes = [eval(line.partition('\t')[2]) for line in capsys.readouterr().out.splitlines()]
    neutral = [s if len(s) == 2 else _last(d2l, s) for s in shapes]
    steps = list(dict.fromkeys(neutral))  # activations keep the shape
    assert (
        steps
        == {
            'LeNet': [
                *[(2, 28, 28, 6), (2, 14, 14, 6), (2, 10, 10, 16), (2, 5, 5, 16)],
                *[(2, 400), (2, 120), (2, 84), (2, 10)],
            ],
            'ResNet': [(2, 9, 9, 16), (2, 5, 5, 32), (2, 3, 3, 64), *_pooled(d2l), (2, 10)],
        }[name]
    )


def _last(d2l, shape):
    return (shape[0], *shape[2:], shape[1]) if backend_of(d2l) in ('pytorch', 'mxnet') else shape


def _pooled(d2l):
    pooled = [(2, 1, 1, 64)] if backend_of(d2l) in ('pytorch', 'mxnet') else [(2, 64)]
    return [*pooled, (2, 64)] if backend_of(d2l) == 'pytorch' else pooled


def test_init_cnn_gives_weights_the_bounds_of_xavier(d2l):
    model = d2l.LeNet()
    X = images(d2l, np.zeros((1, 28, 28, 1), np.float32))
    if backend_of(d2l) == 'jax':
        model = d2l.LeNet(kernel_init=lambda: d2l.init_cnn)
        params = model.init(d2l.get_key(), X)['params']['net']
        weight = params['layers_7']['kernel']
    else:
        # NNX's layers are told it when they are made, and LeNet's are.
        model.apply_init([X], None if backend_of(d2l) == 'nnx' else d2l.init_cnn)
        in_list = backend_of(d2l) in ('tensorflow', 'nnx')
        layers = model.net.layers if in_list else list(model.net)
        layer = [each for each in layers if type(each).__name__ in ('Linear', 'Dense')][0]
        weight = layer.kernel if in_list else layer.weight
        weight = weight.data() if backend_of(d2l) == 'mxnet' else weight
    weight = np.array(d2l.numpy(weight))
    bound = np.sqrt(6 / 520)
    assert sorted(weight.shape) == [120, 400]
    assert 0.99 * bound < abs(weight).max() <= bound
    assert weight.std() == pytest.approx(bound / np.sqrt(3), rel=0.02)


BLOCKS = {
    'residual': ('residual', 4),
    'residual, strides 2': ('residual', 6, True, 2),
    'resnext': ('resnext', 4, 4, 1),
    'resnext, strides 2': ('resnext', 16, 2, 0.5, True, 2),
}


@functools.cache
def through(backend, block):
    """The loss of a step of training, and what comes out in evaluation, from common parameters."""
    d2l = require(backend)
    # With strides of 2 an odd and an even side: 'SAME' pads the even one on one side only.
    X = np.random.default_rng(2).standard_normal((4, 5, 8, 4)).astype(np.float32)
    # A large learning rate would only show how rounding grows.
    model = classifier(d2l, BLOCKS[block], ('mean',), ('dense', 3), lr=2**-20)
    run = train(d2l, model, [(X, [0, 1, 2, 0])], init_params=random_parameters(1))
    trainer = run.trainer
    trainer.serialization.set_parameters(trainer, run.parameters[0])
    return run.losses[0], evaluate(d2l, trainer, X)


@pytest.mark.parametrize('block', BLOCKS)
def test_blocks_agree_at_odd_and_even_sizes(d2l, block):
    loss, output = through(backend_of(d2l), block)
    expected_loss, expected = through('pytorch', block)
    scale = abs(expected).max()
    assert scale > 0.5
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    np.testing.assert_allclose(output, expected, atol=1e-5 * scale)
