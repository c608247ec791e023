"""The tensor functions under the book's names, one by one against NumPy."""

import numpy as np
import pytest
from contract import backend_of

A = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, -0.5]], np.float32)
B = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.float32)
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def same(d2l, found, expected, dtype=None, **tolerance):
    array = d2l.numpy(found)
    assert array.shape == np.shape(expected), (array.shape, np.shape(expected))
    if dtype is not None:
        assert array.dtype == dtype
    np.testing.assert_allclose(array, expected, **({'rtol': 1e-6} | tolerance))


def test_making_tensors(d2l):
    same(d2l, d2l.zeros((2, 3)), np.zeros((2, 3)), np.float32)
    same(d2l, d2l.zeros(1), np.zeros(1), np.float32)
    same(d2l, d2l.ones((2, 1)), np.ones((2, 1)), np.float32)
    same(d2l, d2l.zeros_like(d2l.tensor(A)), np.zeros((2, 3)), np.float32)
    same(d2l, d2l.ones_like(d2l.tensor(A)), np.ones((2, 3)), np.float32)
    same(d2l, d2l.eye(3), np.eye(3), np.float32)
    same(d2l, d2l.eye(2, 3), np.eye(2, 3), np.float32)
    same(d2l, d2l.arange(5), np.arange(5))
    same(d2l, d2l.arange(1.0, 2.0, 0.25), np.arange(1, 2, 0.25), np.float32)
    same(d2l, d2l.linspace(0, 1, 5), np.linspace(0, 1, 5), np.float32)
    assert d2l.linspace(0, 1).shape[0] == 50
    same(d2l, d2l.tensor([[1.0, -2.5]]), [[1, -2.5]], np.float32)
    same(d2l, d2l.tensor([2, -3.4]), [2, -3.4], np.float32)


def test_meshgrid_is_numpys(d2l):
    x, y = np.arange(3.0, dtype=np.float32), np.arange(2.0, dtype=np.float32)
    for indexing in ('xy', 'ij'):
        found = d2l.meshgrid(d2l.tensor(x), d2l.tensor(y), indexing=indexing)
        for a, b in zip(found, np.meshgrid(x, y, indexing=indexing), strict=True):
            same(d2l, a, b)
    by_default = (3, 2) if backend_of(d2l) == 'pytorch' else (2, 3)  # as the framework has it
    assert tuple(d2l.meshgrid(d2l.tensor(x), d2l.tensor(y))[0].shape) == by_default


@pytest.mark.parametrize('name', ['exp', 'sin', 'cos', 'sinh', 'cosh', 'tanh', 'sigmoid', 'abs'])
def test_functions_of_each_entry(d2l, name):
    reference = {'sigmoid': lambda x: 1 / (1 + np.exp(-x))}.get(name) or getattr(np, name)
    same(d2l, getattr(d2l, name)(d2l.tensor(A)), reference(A), np.float32, rtol=2e-6)


def test_log(d2l):
    same(d2l, d2l.log(d2l.tensor(B)), np.log(B), np.float32)


@pytest.mark.parametrize('name', ['exp', 'log', 'sin', 'cos', 'sinh', 'cosh', 'tanh', 'sigmoid'])
def test_integers_are_taken_as_floats(d2l, name):
    integers = d2l.astype(d2l.tensor([1, 2, 3]), d2l.int32)
    floats = d2l.tensor([1.0, 2.0, 3.0])
    function = getattr(d2l, name)
    same(d2l, function(integers), d2l.numpy(function(floats)), np.float32)


def test_matmul_takes_vectors_matrices_and_stacks(d2l):
    def check(a, b):
        a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
        same(d2l, d2l.matmul(d2l.tensor(a), d2l.tensor(b)), a @ b, np.float32)

    check(A, B.T)
    check(A, [1, 2, 3])
    check([1, 2], A)
    check([1, 2, 3], [4, 5, 6])
    check(CUBE, CUBE.transpose(0, 2, 1))
    check(CUBE, [1, 2, 3, 4])
    check([1, 2, 3], CUBE)
    check(CUBE, np.ones((4, 5)))


def test_matmul_of_integers(d2l):
    x = d2l.astype(d2l.tensor([[1, 2], [3, 4]]), d2l.int32)
    same(d2l, d2l.matmul(x, x), [[7, 10], [15, 22]], np.int32)


def test_batch_matmul(d2l):
    other = CUBE.transpose(0, 2, 1).copy()
    same(d2l, d2l.batch_matmul(d2l.tensor(CUBE), d2l.tensor(other)), CUBE @ other)


@pytest.mark.parametrize('axis', [None, 0, 1, -1, (0, 2)])
@pytest.mark.parametrize('keepdims', [False, True])
def test_sums_and_means(d2l, axis, keepdims):
    x = d2l.tensor(CUBE)
    for name, reference in (('reduce_sum', np.sum), ('reduce_mean', np.mean)):
        found = getattr(d2l, name)(x, axis=axis, keepdims=keepdims)
        same(d2l, found, reference(CUBE, axis=axis, keepdims=keepdims), np.float32)


def test_the_mean_of_integers_is_no_integer(d2l):
    x = d2l.astype(d2l.tensor([1, 2]), d2l.int32)
    same(d2l, d2l.reduce_mean(x), 1.5, np.float32)


@pytest.mark.parametrize('axis', [None, 0, 1, -1])
def test_argmax(d2l, axis):
    if axis is None and backend_of(d2l) == 'tensorflow':
        axis = 0  # tf.argmax has no other default
    same(d2l, d2l.argmax(d2l.tensor(A), axis=axis), np.argmax(A, axis=axis))


def test_shapes(d2l):
    x = d2l.tensor(CUBE)
    same(d2l, d2l.reshape(x, (4, 6)), CUBE.reshape(4, 6))
    same(d2l, d2l.reshape(x, (-1, 2)), CUBE.reshape(-1, 2))
    same(d2l, d2l.reshape(x, (-1,)), CUBE.reshape(-1))
    same(d2l, d2l.transpose(d2l.tensor(A)), A.T)
    same(d2l, d2l.transpose(x), CUBE.T)
    same(d2l, d2l.transpose(x, (1, 0, 2)), CUBE.transpose(1, 0, 2))
    same(d2l, d2l.swapaxes(x, 0, -1), CUBE.swapaxes(0, -1))
    same(d2l, d2l.expand_dims(x, 1), CUBE[:, None])
    same(d2l, d2l.expand_dims(x, -1), CUBE[..., None])
    assert d2l.size(x) == 24 and isinstance(d2l.size(x), int)


def test_joining(d2l):
    a, b = d2l.tensor(A), d2l.tensor(B)
    for axis in (0, 1, -1):
        same(d2l, d2l.concat((a, b), axis=axis), np.concatenate((A, B), axis))
        same(d2l, d2l.stack([a, b], axis=axis), np.stack((A, B), axis))
    same(d2l, d2l.concat([a, b]), np.concatenate((A, B)))


def test_repeat_repeats_each_entry(d2l):
    x = d2l.tensor(A)
    if backend_of(d2l) != 'pytorch':  # where it is x.repeat, which repeats the whole
        same(d2l, d2l.repeat(x, 2), np.repeat(A, 2))
    same(d2l, d2l.repeat(x, 3, axis=0), np.repeat(A, 3, axis=0))
    same(d2l, d2l.repeat(x, 2, axis=1), np.repeat(A, 2, axis=1))


def test_dtypes(d2l):
    x = d2l.tensor([1.75, -1.25])
    same(d2l, d2l.astype(x, d2l.int32), [1, -1], np.int32)
    assert d2l.numpy(d2l.astype(x, d2l.float32)).dtype == np.float32
    if backend_of(d2l) not in (
        'jax',
        'nnx',
    ):  # JAX has no int64 unless it is asked for at its start
        same(d2l, d2l.astype(x, d2l.int64), [1, -1], np.int64)


def test_numpy_takes_whatever_holds_numbers(d2l):
    assert isinstance(d2l.numpy(d2l.ones(2)), np.ndarray)
    same(d2l, [1.0, 2.0], [1, 2])
    same(d2l, 3.0, 3)
    if backend_of(d2l) == 'pytorch':
        same(d2l, d2l.ones(2, requires_grad=True), [1, 1])


@pytest.mark.parametrize('name, mean, std', [('rand', 0.5, 12**-0.5), ('randn', 0, 1)])
def test_random_numbers(d2l, name, mean, std):
    random = getattr(d2l, name)
    x = d2l.numpy(random(100, 40))
    assert x.shape == (100, 40) and x.dtype == np.float32
    assert x.mean() == pytest.approx(mean, abs=0.06) and x.std() == pytest.approx(std, rel=0.06)
    assert tuple(random((2, 3)).shape) == (2, 3) and tuple(random(4).shape) == (4,)


def test_normal_takes_mean_deviation_and_shape(d2l):
    first = backend_of(d2l) == 'tensorflow'  # where the shape comes first
    x = d2l.numpy(d2l.normal((200, 10), 3, 0.1) if first else d2l.normal(3, 0.1, (200, 10)))
    assert x.shape == (200, 10) and x.dtype == np.float32
    assert x.mean() == pytest.approx(3, abs=0.02) and x.std() == pytest.approx(0.1, rel=0.1)


def test_devices(d2l):
    assert d2l.num_gpus() >= 0
    x = d2l.to(d2l.ones((2, 2)), d2l.cpu())
    same(d2l, x, np.ones((2, 2)))
    same(d2l, d2l.to(x, d2l.try_gpu()), np.ones((2, 2)))
    assert len(d2l.try_all_gpus()) == max(1, d2l.num_gpus())
    if d2l.num_gpus() == 0:
        assert str(d2l.try_gpu(0)) == str(d2l.cpu()) or backend_of(d2l) == 'tensorflow'
        same(d2l, d2l.to(x, d2l.try_all_gpus()[0]), np.ones((2, 2)))
    assert d2l.framework.device_names()[-1].lower().startswith('cpu')
