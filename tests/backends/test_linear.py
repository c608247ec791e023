"""Linear regression: the four backends agree, and find the parameters that made the data."""

import numpy as np
import pytest
from contract import BACKENDS, backend_of, batches, parameters, require, small_data, weights

from d2lite import seeds
from d2lite.data.synthetic import regression_arrays
from d2lite.parity import networks, reference

W, B = [2.0, -3.4], 4.2


def train_scratch(d2l, seed=0, max_epochs=3, **kwargs):
    d2l.seed_everything(seed)
    model = d2l.LinearRegressionScratch(2, lr=0.03)
    data = d2l.SyntheticRegressionData(w=d2l.tensor(W), b=B)
    trainer = d2l.Trainer(max_epochs=max_epochs, **kwargs)
    trainer.fit(model, data)
    return trainer


def test_all_backends_end_within_1e_5_of_each_other():
    found = {}
    for name in BACKENDS:
        d2l = require(name)
        trainer = train_scratch(d2l)
        losses = [(e['train_loss'], e['val_loss']) for e in trainer.history]
        found[name] = np.concatenate([*parameters(d2l, trainer), np.ravel(losses)])
    w, b = train_referee()
    for values in found.values():
        np.testing.assert_allclose(values[:3], [*w[:, 0], *b], atol=1e-5)
        np.testing.assert_allclose(values, found['pytorch'], atol=1e-5)


def train_referee(seed=0, max_epochs=3):
    """What `train_scratch` has to find, by NumPy alone and in float64."""
    seeds.seed_everything(seed)
    w = seeds.initial_normal(seeds.next_seed('parameters'), 0.01, (2, 1))
    X, y = regression_arrays(np.array(W, np.float32), B, 0.01, 2000)
    rows = reference.minibatches(1000, 32, max_epochs, [seeds.next_seed('data'), 1])
    batches, start = [(X[each], y[each]) for each in rows], {'w': w, 'b': np.zeros(1)}
    last = reference.train(networks.linear_regression_scratch, start, batches, lr=0.03)[-1]
    return last.parameters['w'], last.parameters['b']


def test_another_seed_is_another_training(d2l):
    w0, _ = parameters(d2l, train_scratch(d2l, seed=0, max_epochs=1))
    w1, _ = parameters(d2l, train_scratch(d2l, seed=1, max_epochs=1))
    assert abs(w0 - w1).max() > 1e-3


def test_training_from_scratch_finds_the_parameters(d2l):
    w, b = parameters(d2l, train_scratch(d2l, max_epochs=15))
    np.testing.assert_allclose(w, W, atol=2e-3)
    np.testing.assert_allclose(b, B, atol=2e-3)


def test_training_with_the_frameworks_own_parts_finds_them_as_well(d2l):
    data = d2l.SyntheticRegressionData(w=d2l.tensor(W), b=B)
    trainer = d2l.Trainer(max_epochs=15)
    trainer.fit(d2l.LinearRegression(lr=0.03), data)
    w, b = weights(d2l, trainer)
    np.testing.assert_allclose(w, W, atol=2e-3)
    np.testing.assert_allclose(b, B, atol=2e-3)


def initial_parameters(d2l, sigma):
    trainer = d2l.Trainer(max_epochs=0)
    trainer.fit(d2l.LinearRegressionScratch(1000, lr=0.03, sigma=sigma), thousand_features(d2l))
    return parameters(d2l, trainer)


def thousand_features(d2l):
    return d2l.SyntheticRegressionData(w=d2l.zeros(1000), b=0, num_train=8, num_val=0)


@pytest.mark.parametrize('sigma', [0, 0.01, 3.0])
def test_sigma_is_the_standard_deviation_of_the_initial_weights(d2l, sigma):
    w, b = initial_parameters(d2l, sigma)
    assert w.std() == pytest.approx(sigma, rel=0.1) and abs(w.mean()) <= 0.1 * sigma
    assert b.shape == (1,) and b[0] == 0


def test_initial_weights_are_the_same_on_every_backend():
    for name in BACKENDS:
        d2l = require(name)
        d2l.seed_everything(0)
        expected = seeds.initial_normal(seeds.next_seed('parameters'), 0.01, (1000, 1))
        d2l.seed_everything(0)
        np.testing.assert_array_equal(initial_parameters(d2l, 0.01)[0], expected[:, 0])


def test_the_functional_form_trains(d2l):
    features, labels = d2l.synthetic_data(d2l.tensor(W), B, 1000)
    assert tuple(features.shape) == (1000, 2) and tuple(labels.shape) == (1000, 1)
    train = {'pytorch': train_torch, 'mxnet': train_mxnet, 'tensorflow': train_tf}
    w, b = train.get(backend_of(d2l), train_jax)(d2l, features, labels)
    np.testing.assert_allclose(d2l.numpy(w)[:, 0], W, atol=2e-3)
    np.testing.assert_allclose(d2l.numpy(b), [B], atol=2e-3)


def steps(d2l, features, labels):
    for _ in range(3):
        yield from d2l.data_iter(10, features, labels)


def train_torch(d2l, features, labels):
    w = d2l.normal(0, 0.01, (2, 1), requires_grad=True)
    b = d2l.zeros(1, requires_grad=True)
    for X, y in steps(d2l, features, labels):
        d2l.squared_loss(d2l.linreg(X, w, b), y).sum().backward()
        d2l.sgd([w, b], 0.03, len(X))
    return w, b


def train_mxnet(d2l, features, labels):
    from mxnet import autograd

    w, b = d2l.normal(0, 0.01, (2, 1)), d2l.zeros(1)
    w.attach_grad(), b.attach_grad()
    for X, y in steps(d2l, features, labels):
        with autograd.record():
            loss = d2l.squared_loss(d2l.linreg(X, w, b), y)
        loss.backward()
        d2l.sgd([w, b], 0.03, len(X))
    return w, b


def train_tf(d2l, features, labels):
    import tensorflow as tf

    w, b = tf.Variable(d2l.normal((2, 1), 0, 0.01)), tf.Variable(d2l.zeros(1))
    for X, y in steps(d2l, features, labels):
        with tf.GradientTape() as tape:
            loss = d2l.squared_loss(d2l.linreg(X, w, b), y)
        d2l.sgd([w, b], tape.gradient(loss, [w, b]), 0.03, len(X))
    return w, b


def train_jax(d2l, features, labels):
    import jax

    def loss(params, X, y):
        return d2l.squared_loss(d2l.linreg(X, *params), y).sum()

    params = [d2l.normal(0, 0.01, (2, 1)), d2l.zeros(1)]
    for X, y in steps(d2l, features, labels):
        params = d2l.sgd(params, jax.grad(loss)(params, X, y), 0.03, len(X))
    return params


def test_data_iter_goes_once_through_all_examples(d2l):
    features, labels = d2l.synthetic_data(d2l.tensor(W), B, 25)
    found = batches(d2l, d2l.data_iter(10, features, labels))
    assert [len(X) for X, _ in found] == [10, 10, 5]
    y = np.concatenate([y for _, y in found])
    assert not np.array_equal(y, d2l.numpy(labels))
    np.testing.assert_array_equal(np.sort(y, axis=0), np.sort(d2l.numpy(labels), axis=0))


def test_load_array_shuffles_only_for_training(d2l):
    arrays = d2l.synthetic_data(d2l.tensor(W), B, 25)
    loader = d2l.load_array(arrays, 10, is_train=False)
    assert len(loader) == 3
    np.testing.assert_array_equal(batches(d2l, loader)[0][0], d2l.numpy(arrays[0])[:10])
    shuffled = batches(d2l, d2l.load_array(arrays, 10))
    assert not np.array_equal(shuffled[0][0], d2l.numpy(arrays[0])[:10])


def test_squared_loss_aligns_labels_or_refuses(d2l):
    y_hat, y = d2l.tensor([[1.0], [2.0], [4.0]]), d2l.tensor([1.0, 0.0, 1.0])
    loss = d2l.squared_loss(y_hat, y)
    assert tuple(loss.shape) == (3, 1)
    np.testing.assert_allclose(d2l.numpy(loss), [[0], [2], [4.5]])
    with pytest.raises(ValueError, match=r'shape \(3, 1\) do not match labels of shape \(2,\)'):
        d2l.squared_loss(y_hat, y[:2])


def loss(d2l, model, y_hat, y):
    """The model's loss of these predictions."""
    if backend_of(d2l) != 'jax':
        return model.loss(y_hat, y)

    class State:
        @staticmethod
        def apply_fn(variables, X):
            return X

    return model.loss({}, (y_hat,), y, State)


def test_both_models_have_the_same_loss(d2l):
    y_hat, y = d2l.tensor([[1.0], [2.0]]), d2l.tensor([[0.0], [4.0]])
    for model in (d2l.LinearRegressionScratch(1, lr=0.1), d2l.LinearRegression(lr=0.1)):
        assert float(loss(d2l, model, y_hat, y)) == pytest.approx((1 + 4) / 2 / 2)


def test_a_loss_beyond_all_numbers_is_no_number(d2l):
    y_hat, y = d2l.tensor([[1e30], [2.0]]), d2l.tensor([[0.0], [4.0]])
    for far in (y_hat, y_hat * 1e30):
        value = float(loss(d2l, d2l.LinearRegression(lr=0.1), far, y))
        # MXNet's sums make NaN of it.
        assert value == np.inf or (np.isnan(value) and backend_of(d2l) == 'mxnet')


def test_labels_of_another_shape_or_type(d2l):
    y_hat = d2l.tensor([[1.0], [2.0]])
    assert float(loss(d2l, d2l.LinearRegression(lr=0.1), y_hat, d2l.tensor([0.0, 4.0]))) == 1.25
    if backend_of(d2l) != 'tensorflow':  # which mixes no types
        assert float(loss(d2l, d2l.LinearRegression(lr=0.1), y_hat, d2l.tensor([[0], [4]]))) == 1.25


def test_the_step_of_sgd_is_lr_times_the_gradient(d2l):
    """One full-batch step from w = 0, b = 0, against the gradient by hand."""
    data = small_data(d2l, num_train=16, num_val=0)
    trainer = d2l.Trainer(max_epochs=1)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.5, sigma=0), data)
    X, y = d2l.numpy(data.X).astype(np.float64), d2l.numpy(data.y).astype(np.float64)
    w, b = parameters(d2l, trainer)
    np.testing.assert_allclose(w, 0.5 * (X.T @ y)[:, 0] / 16, rtol=1e-5)
    np.testing.assert_allclose(b, 0.5 * y.mean(axis=0), rtol=1e-5)
