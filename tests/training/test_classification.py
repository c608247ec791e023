"""Classifier: cross-entropy and accuracy against NumPy, validation, summaries, scratch models."""

from types import SimpleNamespace

import numpy as np
import pytest
from contract import backend_of, require
from networks import classifier
from trainings import labels, train

RNG = np.random.default_rng(0)


def log_softmax(logits):
    logits = np.asarray(logits, np.float64)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def cross_entropy(logits, y):
    """The loss of each example, in float64 and by log-sum-exp."""
    return -np.take_along_axis(log_softmax(logits), np.asarray(y)[..., None], -1).reshape(-1)


def call(d2l, method, Y_hat, Y, **kwargs):
    """A method of a Classifier whose predictions are its inputs, as a NumPy array."""

    class Logits(d2l.Classifier):
        def forward(self, X):
            return X

    model, Y_hat = Logits(), d2l.DataModule.tensor(np.asarray(Y_hat, np.float32))
    Y = d2l.DataModule.tensor(Y) if isinstance(Y, np.ndarray) else Y
    if backend_of(d2l) != 'jax':
        return d2l.numpy(getattr(model, method)(Y_hat, Y, **kwargs))
    state = SimpleNamespace(apply_fn=model.apply, batch_stats={}, dropout_rng=d2l.get_key())
    found = getattr(model, method)({}, (Y_hat,), Y, state, **kwargs)
    if method == 'loss':
        found, updates = found
        assert not updates.get('batch_stats')
    return d2l.numpy(found)


@pytest.mark.parametrize('dtype', ['int32', 'int64'])
@pytest.mark.parametrize('shape', [(7, 5), (3, 4, 5)])
def test_loss_is_the_cross_entropy_of_each_example_or_their_mean(d2l, shape, dtype):
    logits = 3 * RNG.standard_normal(shape)
    Y = RNG.integers(0, 5, shape[:-1]).astype(dtype)
    each = call(d2l, 'loss', logits, Y, averaged=False)
    assert each.shape == (Y.size,)
    # MXNet's own logarithm of the softmax is off by up to 2e-6.
    np.testing.assert_allclose(each, cross_entropy(logits, Y), rtol=1e-5, atol=4e-6)
    mean = call(d2l, 'loss', logits, Y)
    assert mean.shape == ()
    assert mean == pytest.approx(cross_entropy(logits, Y).mean(), rel=1e-5, abs=4e-6)


def test_loss_of_extreme_logits_is_finite_and_right(d2l):
    logits = [[1000, -1000, 0], [1000, -1000, 0], [-1000, -1000, -1000], [1000, 1000, -1000]]
    Y = np.array([0, 1, 2, 1], np.int32)
    np.testing.assert_allclose(cross_entropy(logits, Y), [0, 2000, np.log(3), np.log(2)])
    found = call(d2l, 'loss', logits, Y, averaged=False)
    # Optax takes the logit from the log-sum-exp, and so rounds at the size of the logits.
    np.testing.assert_allclose(found, cross_entropy(logits, Y), rtol=1e-6, atol=1e-4)


def test_a_step_from_extreme_logits_is_finite_and_right(d2l):
    X = np.array([[1000, -1000, 0], [-1000, 1000, 1000]], np.float32)
    start = {'net.weight': np.eye(3, dtype=np.float32), 'net.bias': np.zeros(3, np.float32)}
    start = {name.replace('net.', 'net.0.'): array for name, array in start.items()}
    run = train(d2l, classifier(d2l, ('dense', 3), lr=0.5), [(X, [1, 0])], init_params=start)
    assert run.losses == [pytest.approx((2000 + 2000 + np.log(2)) / 2, rel=1e-6)]
    error = (np.exp(log_softmax(X)) - np.eye(3)[[1, 0]]) / 2
    np.testing.assert_allclose(run.moved(0, 0.5)['net.0.weight'], X.T @ error, rtol=1e-5)
    np.testing.assert_allclose(run.moved(0, 0.5)['net.0.bias'], error.sum(axis=0), atol=4e-6)


@pytest.mark.parametrize('dtype', ['int32', 'int64'])
@pytest.mark.parametrize('shape', [(50, 4), (10, 5, 4)])
def test_accuracy_counts_the_examples_whose_largest_logit_is_the_labels(d2l, shape, dtype):
    logits = RNG.standard_normal(shape)
    Y = RNG.integers(0, 4, shape[:-1]).astype(dtype)
    right = (logits.argmax(axis=-1) == Y).reshape(-1)
    assert 0 < right.sum() < right.size
    each = call(d2l, 'accuracy', logits, Y, averaged=False)
    assert each.dtype == np.float32
    np.testing.assert_array_equal(each, right)
    assert call(d2l, 'accuracy', logits, Y) == pytest.approx(right.mean(), rel=1e-6)


@pytest.mark.parametrize('method', ['loss', 'accuracy'])
@pytest.mark.parametrize('shape', [(3, 1), (3, 4), (4,), ()])
def test_labels_of_another_shape_are_refused_and_both_shapes_named(d2l, shape, method):
    with pytest.raises(ValueError) as caught:
        call(d2l, method, np.zeros((3, 4)), np.zeros(shape, np.int32))
    assert 'logits of shape (3, 4) need labels of shape (3,)' in str(caught.value)
    assert f'got labels of shape {shape}' in str(caught.value)


def batch(n=8, q=3):
    return RNG.standard_normal((n, 2, 3)).astype(np.float32), RNG.integers(0, q, n)


def dense(X, parameters, layer='net.0'):
    X = X.reshape(len(X), -1)
    return X @ parameters[f'{layer}.weight'] + parameters[f'{layer}.bias']


def test_history_has_the_loss_and_the_accuracy_of_validation(d2l):
    batches, val = [batch()], [batch(), batch(5)]
    run = train(d2l, d2l.SoftmaxRegression(3, lr=0.1), batches, val)
    logits = [dense(X, run.parameters[-1]) for X, _ in val]
    losses = [cross_entropy(each, y).mean() for each, (_, y) in zip(logits, val, strict=True)]
    accuracies = [(o.argmax(1) == y).mean() for o, (_, y) in zip(logits, val, strict=True)]
    (entry,) = run.trainer.history
    assert entry['val_loss'] == pytest.approx(np.mean(losses), rel=1e-5)
    assert entry['val_acc'] == pytest.approx(np.mean(accuracies), rel=1e-6)
    times = {'seconds', 'compile_seconds'}
    assert set(entry) == {'epoch', 'train_loss', 'val_loss', 'val_acc'} | times
    assert len(run.model.board.data['val_acc']) == 1


@pytest.mark.parametrize('lr', [0.5, 0.125])
def test_without_an_optimizer_of_ones_own_it_is_sgd_at_the_learning_rate(d2l, lr):
    X, y = batch()
    run = train(d2l, d2l.SoftmaxRegression(3, lr=lr), [(X, y)] * 2)
    for step in range(2):
        logits = dense(X, run.parameters[step])
        assert run.losses[step] == pytest.approx(cross_entropy(logits, y).mean(), rel=1e-5)
        error = (np.exp(log_softmax(logits)) - np.eye(3)[y]) / len(y)
        moved = run.moved(step, lr)
        expected = X.reshape(len(X), -1).T @ error
        np.testing.assert_allclose(moved['net.0.weight'], expected, atol=2e-6)
        np.testing.assert_allclose(moved['net.0.bias'], error.sum(axis=0), atol=2e-6)


LAYERS = {
    'pytorch': ['Conv2d', 'BatchNorm2d', 'ReLU', 'Residual', 'Flatten', 'Dropout', 'Linear'],
    'mxnet': ['Conv2D', 'BatchNorm', 'Activation', 'Residual', 'Flatten', 'Dropout', 'Dense'],
    'tensorflow': [
        *['Conv2D', 'BatchNormalization', 'ReLU', 'Residual', 'Flatten', 'Dropout', 'Dense']
    ],
    'jax': ['Conv', 'BatchNorm', 'relu', 'Residual', 'flatten', 'Dropout', 'Dense'],
    'nnx': ['Conv', 'BatchNorm', 'relu', 'Residual', 'flatten', 'Dropout', 'Linear'],
}


def test_layer_summary_prints_names_and_shapes_and_changes_nothing(d2l, capsys):
    model = classifier(
        d2l,
        *[('conv', 4), ('batch_norm',), ('relu',), ('residual', 6, True, 2), ('flatten',)],
        *[('dropout', 0.5), ('dense', 3)],
    )
    X = RNG.standard_normal((4, 6, 8, 2)).astype(np.float32)
    run = train(d2l, model, [(X, [0, 1, 2, 0])])
    capsys.readouterr()
    first = backend_of(d2l) in ('pytorch', 'mxnet')
    model.layer_summary((1, 2, 6, 8) if first else (1, 6, 8, 2))
    conv, residual = ((1, 4, 6, 8), (1, 6, 3, 4)) if first else ((1, 6, 8, 4), (1, 3, 4, 6))
    shapes = [conv, conv, conv, residual, (1, 72), (1, 72), (1, 3)]
    assert capsys.readouterr().out.splitlines() == [
        f'{name} output shape:\t{shape}'
        for name, shape in zip(LAYERS[backend_of(d2l)], shapes, strict=True)
    ]
    after = run.trainer.serialization.get_parameters(run.trainer)
    assert {'net.1.running_mean', 'net.2.bn1.running_var'} <= set(after)
    for name, array in run.parameters[-1].items():
        np.testing.assert_array_equal(after[name], array)


def test_layer_summary_leaves_the_mode_as_it_was():
    d2l = require('pytorch')
    model = d2l.SoftmaxRegression(3, lr=0.1)
    for training in (True, False):
        model.train(training)
        model.layer_summary((1, 4))
        assert model.training is model.net.training is training


def test_loss_on_jax_returns_the_batch_statistics_that_the_pass_has_updated():
    d2l = require('jax')
    d2l.seed_everything(0)
    model = classifier(d2l, ('dense', 5), ('batch_norm_dense',), ('dense', 3))
    X, y = RNG.standard_normal((8, 4)).astype(np.float32), RNG.integers(0, 3, 8)
    run = train(d2l, model, [(X, y)])
    state, inputs, model.training = run.trainer.state, (d2l.tensor(X),), True
    loss, updates = model.loss(state.params, inputs, labels(d2l, y), state)
    assert loss.shape == () and set(updates) == {'batch_stats'}
    hidden = dense(X, run.parameters[-1])
    mean = 0.9 * run.parameters[-1]['net.1.running_mean'] + 0.1 * hidden.mean(axis=0)
    (found,) = updates['batch_stats']['net'].values()
    np.testing.assert_allclose(found['mean'], mean, rtol=1e-5, atol=1e-6)
    each, _ = model.loss(state.params, inputs, labels(d2l, y), state, averaged=False)
    assert each.shape == (8,) and float(each.mean()) == pytest.approx(float(loss), rel=1e-6)
    (loss_again, _), grads = model.training_step(state.params, (*inputs, labels(d2l, y)), state)
    assert float(loss_again) == pytest.approx(float(loss), rel=1e-6)
    assert d2l.numpy(grads['net']['layers_0']['kernel']).shape == (4, 5)


def scratch(d2l, lr, kind='method'):
    """Softmax regression from 4 features to 3 classes, as a lesson writes it from scratch.

    `kind`: whether what is trained is told by a method, where a framework has one, found among the
    attributes, or is a framework's own kind of parameter. Every W starts at 0.1.
    """
    backend = backend_of(d2l)

    class Scratch(d2l.Classifier):
        if backend == 'jax':
            lr: float

            def setup(self):
                from flax.linen.initializers import constant

                self.W = self.param('W', constant(0.1), (4, 3))
                self.b = self.param('b', constant(0), (3,))

        else:

            def __init__(self, lr):
                super().__init__()
                self.save_hyperparameters()
                self.W, self.b = _trained(d2l, (4, 3), 0.1, kind), _trained(d2l, (3,), 0, kind)
                if kind == 'list':
                    listed = [self.W, self.b]
                    self.weights_and_biases = listed if backend != 'nnx' else nnx_list(listed)

        if backend == 'pytorch' and kind == 'method':

            def parameters(self):
                return [self.W, self.b]

        if backend == 'mxnet' and kind == 'method':

            def collect_params(self):
                return [self.W, self.b]

        def forward(self, X):
            return d2l.matmul(X, self.W) + self.b

    return Scratch(lr=lr)


def nnx_list(things):
    from flax import nnx

    return nnx.List(things)


def _trained(d2l, shape, value, kind):
    array = np.full(shape, value, np.float32)
    if backend_of(d2l) == 'tensorflow':
        import tensorflow as tf

        return tf.Variable(array)
    tensor = d2l.DataModule.tensor(array)
    if backend_of(d2l) == 'mxnet':
        tensor.attach_grad()
        return tensor
    if backend_of(d2l) == 'nnx':  # which trains nothing else
        from flax import nnx

        return nnx.Param(tensor)
    import torch

    return torch.nn.Parameter(tensor) if kind == 'parameter' else tensor.requires_grad_()


KINDS = ['method', 'attributes', 'parameter', 'list']


def scratch_step(d2l, kind, **kwargs):
    X, y = 2 * np.eye(4, dtype=np.float32), np.array([0, 1, 2, 0])
    run = train(d2l, scratch(d2l, lr=0.5, kind=kind), [(X, y)], **kwargs)
    error = (np.full((4, 3), 1 / 3) - np.eye(3)[y]) / 4
    return run.moved(0, 0.5), {'W': X.T @ error, 'b': error.sum(axis=0)}


@pytest.mark.parametrize('kind', KINDS)
def test_a_model_from_scratch_trains(d2l, kind):
    found, gradients = scratch_step(d2l, kind)
    for name in ('W', 'b'):
        np.testing.assert_allclose(found[name], gradients[name], atol=1e-6)


@pytest.mark.parametrize('kind', KINDS)
def test_gradients_of_a_model_from_scratch_are_clipped_once(d2l, kind):
    found, gradients = scratch_step(d2l, kind, gradient_clip_val=0.1)
    norm = np.sqrt(sum(np.sum(g**2) for g in gradients.values()))
    assert norm > 0.2
    for name in ('W', 'b'):
        np.testing.assert_allclose(found[name], 0.1 / norm * gradients[name], atol=1e-6)
