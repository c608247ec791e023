"""The reference's operations, layers and losses: their gradients against central differences."""

import numpy as np
import pytest

from d2lite.parity import layers, tape
from d2lite.parity.tape import Value

RNG = np.random.default_rng(0)
H = 1e-5


def normal(*shape):
    return RNG.standard_normal(shape)


def check(function, *arrays):
    """Each entry of each array is moved to both sides; `function` may return any shape."""
    factors = normal(*function(*map(Value, arrays)).shape)  # another one for each entry

    def total(arrays):
        return (function(*map(Value, arrays)) * factors).sum()

    values = dict(enumerate(map(Value, arrays)))
    found = tape.gradients((function(*values.values()) * factors).sum(), values)
    for number, array in enumerate(arrays):
        slopes = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            step = np.zeros(array.shape)
            step[index] = H
            before, after = arrays[:number], arrays[number + 1 :]
            up, down = (total([*before, array + s * step, *after]).array for s in (1, -1))
            slopes[index] = (up - down) / (2 * H)
        np.testing.assert_allclose(found[number], slopes, rtol=1e-6, atol=1e-8)


POSITIVE = np.abs(normal(3, 4)) + 0.5
AWAY_FROM_0 = normal(3, 4)
AWAY_FROM_0[np.abs(AWAY_FROM_0) < 0.1] = 0.5

OPERATIONS = {
    'add': (lambda a, b: a + b, normal(3, 4), normal(3, 4)),
    'add, broadcast': (lambda a, b: a + b, normal(2, 3, 4), normal(3, 1)),
    'add an array before': (lambda a: np.ones((2, 3)) + a, normal(3)),
    'subtract': (lambda a, b: a - b, normal(3, 4), normal(4)),
    'subtract from a number': (lambda a: 1 - a, normal(3)),
    'multiply': (lambda a, b: a * b, normal(3, 4), normal(3, 4)),
    'multiply, broadcast': (lambda a, b: a * b, normal(3, 1), normal(2, 1, 4)),
    'divide': (lambda a, b: a / b, normal(3, 4), POSITIVE),
    'power': (lambda a: a**-0.5, POSITIVE),
    'product': (lambda a, b: a @ b, normal(3, 4), normal(4, 2)),
    'product of batches': (lambda a, b: a @ b, normal(2, 5, 3, 4), normal(5, 4, 2)),
    'product with one matrix': (lambda a, b: a @ b, normal(2, 3, 4), normal(4, 2)),
    'product with an array before': (lambda a: np.ones((2, 3)) @ a, normal(3, 2)),
    'slices': (lambda a: a[1:, ::2, -1], normal(3, 4, 2)),
    'rows': (lambda a: a.take(np.array([[0, 2], [2, 2]])), normal(3, 2)),
    'sum': (lambda a: a.sum(), normal(3, 4)),
    'sum along axes': (lambda a: a.sum((0, 2)), normal(2, 3, 4)),
    'sum that keeps the axis': (lambda a: a.sum(1, keepdims=True), normal(3, 4)),
    'mean': (lambda a: a.mean((0, -1)), normal(2, 3, 4)),
    'reshape': (lambda a: a.reshape(2, 6), normal(3, 4)),
    'transpose': (lambda a: a.transpose(2, 0, 1), normal(2, 3, 4)),
    'pad': (lambda a: a.pad((1, 0), (2, 3)), normal(3, 4)),
    'exp': (tape.exp, normal(3, 4)),
    'log': (tape.log, POSITIVE),
    'tanh': (tape.tanh, normal(3, 4)),
    'sigmoid': (tape.sigmoid, normal(3, 4)),
    'relu': (tape.relu, AWAY_FROM_0),
    'erf': (tape.erf, normal(3, 4)),
    'concat': (lambda a, b: tape.concat([a, b, a], 1), normal(3, 4), normal(3, 2)),
    'stack': (lambda a, b: tape.stack([a, b], 1), normal(3, 4), normal(3, 4)),
    'used three times': (lambda a: a * a + a, normal(3)),
}


@pytest.mark.parametrize('name', OPERATIONS)
def test_the_gradient_of_an_operation(name):
    check(*OPERATIONS[name])


def test_every_operation_is_here():
    named = [name for name in vars(tape) if not name.startswith('_') and name[0].islower()]
    others = {'math', 'np', 'as_value', 'gradients'}
    tested = {name.split(',')[0] for name in OPERATIONS}
    assert set(named) - others - tested == set()


def test_values_are_numpys():
    a, b = normal(2, 3), normal(3, 4)
    np.testing.assert_array_equal((Value(a) @ b).array, a @ b)
    np.testing.assert_array_equal((a @ Value(b)).array, a @ b)
    np.testing.assert_allclose((Value(a) / POSITIVE[:2, :3]).array, a / POSITIVE[:2, :3])
    np.testing.assert_array_equal(tape.stack([Value(a), Value(a)], 1).array, np.stack([a, a], 1))
    np.testing.assert_array_equal(Value(a).pad((0, 1), (2, 0)).array, np.pad(a, ((0, 1), (2, 0))))
    assert tape.erf(Value(0.5)).array == pytest.approx(0.5204998778)
    assert tape.sigmoid(Value(np.log(3))).array == pytest.approx(0.75)


def test_what_does_not_depend_on_a_value_has_the_gradient_0():
    a, b = Value(normal(2)), Value(normal(3))
    found = tape.gradients((a * 2).sum(), {'a': a, 'b': b})
    np.testing.assert_array_equal(found['a'], [2, 2])
    np.testing.assert_array_equal(found['b'], [0, 0, 0])


def test_many_operations_in_a_row():
    a = value = Value(1.0)
    for _ in range(5000):  # more than Python's limit of recursion
        value = value + a
    assert tape.gradients(value, {'a': a})['a'] == 5001


LABELS = np.array([0, 3, 1])
LAYERS = {
    'dense': (
        lambda X, w, b: layers.dense({'weight': w, 'bias': b}, X),
        (normal(2, 3), normal(3, 4), normal(4)),
    ),
    'conv': (
        lambda X, w, b: layers.conv({'weight': w, 'bias': b}, X, padding=1, stride=2),
        (normal(2, 5, 4, 2), normal(3, 3, 2, 3), normal(3)),
    ),
    'avg_pool': (layers.avg_pool, (normal(2, 4, 6, 2),)),
    'batch_norm': (
        lambda X, w, b: layers.batch_norm({'weight': w, 'bias': b}, X),
        (normal(3, 2, 2, 2), normal(2), normal(2)),
    ),
    'layer_norm': (
        lambda X, w, b: layers.layer_norm({'weight': w, 'bias': b}, X),
        (normal(2, 3, 4), normal(4), normal(4)),
    ),
    'embedding': (lambda w: layers.embedding({'weight': w}, LABELS), (normal(4, 2),)),
    'masked_softmax': (
        lambda X: layers.masked_softmax(X, np.array([2, 0, 3])),
        (normal(3, 2, 3),),
    ),
    'cross_entropy': (lambda X: layers.cross_entropy(X, LABELS), (normal(3, 4),)),
    'cross_entropy of some': (
        lambda X: layers.cross_entropy(X, LABELS, np.array([1, 0, 1])),
        (normal(3, 4),),
    ),
    'squared_loss': (lambda X: layers.squared_loss(X, np.ones((3, 1))), (normal(3, 1),)),
}


@pytest.mark.parametrize('name', LAYERS)
def test_the_gradient_of_a_layer(name):
    function, arrays = LAYERS[name]
    check(function, *arrays)


def test_a_convolution_is_the_sum_over_its_windows():
    X, w, b = normal(2, 5, 4, 2), normal(3, 2, 2, 3), normal(3)
    found = layers.conv({'weight': Value(w), 'bias': Value(b)}, X, padding=1, stride=2).array
    padded = np.pad(X, ((0, 0), (1, 1), (1, 1), (0, 0)))
    assert found.shape == (2, 3, 3, 3)
    for n, i, j, k in np.ndindex(found.shape):
        window = padded[n, 2 * i : 2 * i + 3, 2 * j : 2 * j + 2]
        assert found[n, i, j, k] == pytest.approx(np.sum(window * w[..., k]) + b[k])


def test_a_normalisation_has_mean_0_and_variance_1():
    p = {'weight': Value([2.0, 3.0]), 'bias': Value([4.0, 5.0])}
    found = layers.batch_norm(p, Value(7 + 3 * normal(50, 4, 2))).array
    np.testing.assert_allclose(found.mean((0, 1)), [4, 5])
    np.testing.assert_allclose(found.std((0, 1)), [2, 3], rtol=1e-5)


def test_masked_scores_have_no_weight_and_without_any_all_have_the_same():
    X = normal(3, 2, 4)
    found = layers.masked_softmax(Value(X), np.array([2, 0, 4])).array
    np.testing.assert_allclose(found.sum(-1), 1)
    assert (found[0, :, 2:] == 0).all() and (found[0, :, :2] > 0).all()
    np.testing.assert_allclose(found[1], 0.25)
    np.testing.assert_allclose(found[2], np.exp(X[2]) / np.exp(X[2]).sum(-1, keepdims=True))
    by_query = layers.masked_softmax(Value(X), np.array([[1, 2], [3, 4], [0, 1]])).array
    np.testing.assert_array_equal((by_query > 0).sum(-1), [[1, 2], [3, 4], [4, 1]])
    np.testing.assert_allclose(layers.masked_softmax(Value(X), None).array[2], found[2])


def test_cross_entropy_is_minus_the_mean_of_the_logarithms():
    X = normal(3, 4)
    p = np.exp(X) / np.exp(X).sum(1, keepdims=True)
    logs = -np.log(p[np.arange(3), LABELS])
    assert layers.cross_entropy(Value(X), LABELS).array == pytest.approx(logs.mean())
    some = layers.cross_entropy(Value(X + 1000), LABELS, np.array([1, 0, 1])).array
    assert some == pytest.approx((logs[0] + logs[2]) / 2)
