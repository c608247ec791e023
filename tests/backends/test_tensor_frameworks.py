"""The tensor functions take what the functions of the framework take, and do the same.

On each tab, a name of the book is a function of the framework or a method of its tensors. Each is
called here by position and by keyword, with every argument that the framework documents.
"""

import inspect
from pathlib import Path

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require

from d2lite import interface
from d2lite.pages.reading.page import read_page
from d2lite.pages.running.kernel import run_tab

A = np.array([[0.5, 1.0, 2.0], [3.0, 0.25, 0.5]], np.float32)
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7


def pytorch(d2l):
    """For each name, the framework's own function, and calls `lambda f: f(...)` of both."""
    import torch
    from torch import Tensor

    a, cube, i32, f64 = torch.tensor(A), torch.tensor(CUBE), torch.int32, torch.float64
    b, row, cpu = torch.tensor(A.T.copy()), torch.tensor([1.0, 2.0]), torch.device('cpu')
    made = [
        lambda f: f(2, 3),
        lambda f: f((2, 3)),
        lambda f: f(size=(2, 3), dtype=f64, device=cpu, requires_grad=True),
        lambda f: f(2, 3, out=torch.empty(2, 3)),
    ]
    like = [lambda f: f(a), lambda f: f(input=a, dtype=i32, device=cpu, requires_grad=False)]
    entrywise = [lambda f: f(a), lambda f: f(input=a), lambda f: f(a, out=torch.empty(2, 3))]
    reduced = [
        lambda f: f(cube),
        lambda f: f(cube, 0),
        lambda f: f(cube, 1, True),
        lambda f: f(cube, (0, 2), True, dtype=f64),
        lambda f: f(cube, dim=-1, keepdim=True, dtype=f64),
        lambda f: f(cube, axis=(0, 1), keepdims=True),
        lambda f: f(cube, dtype=f64),
    ]
    return {
        'zeros': (torch.zeros, made),
        'ones': (torch.ones, made),
        'rand': (torch.rand, [*made, lambda f: f(3, generator=torch.manual_seed(1))]),
        'randn': (torch.randn, [*made, lambda f: f(3, generator=torch.manual_seed(1))]),
        'normal': (
            torch.normal,
            [
                lambda f: f(0, 1, (2, 3)),
                lambda f: f(0.5, 2.0, size=(3,), dtype=f64, requires_grad=True),
                lambda f: f(mean=0.0, std=0.1, size=[2, 3], generator=torch.manual_seed(1)),
                lambda f: f(row, row),
                lambda f: f(mean=row),
                lambda f: f(3.0, std=row),
                lambda f: f(row, 0.1, out=torch.empty(2)),
            ],
        ),
        'zeros_like': (torch.zeros_like, like),
        'ones_like': (torch.ones_like, like),
        'eye': (torch.eye, [lambda f: f(3), lambda f: f(n=2, m=3, dtype=i32)]),
        'arange': (
            torch.arange,
            [
                lambda f: f(5),
                lambda f: f(1, 9, 2),
                lambda f: f(start=1, end=2, step=0.25, dtype=f64, requires_grad=True),
            ],
        ),
        'linspace': (
            torch.linspace,
            [
                lambda f: f(0, 1, 5),
                lambda f: f(start=0, end=1, steps=3, dtype=f64, requires_grad=True),
                lambda f: f(torch.tensor(0.0), torch.tensor(2.0), 3),
            ],
        ),
        'meshgrid': (
            torch.meshgrid,
            [
                lambda f: f(row, a[0]),
                lambda f: f(row, a[0], indexing='xy'),
                lambda f: f([row, a[0]], indexing='ij'),
            ],
        ),
        'tensor': (
            torch.tensor,
            [lambda f: f([1, 2]), lambda f: f(data=[1.0], dtype=f64, requires_grad=True)],
        ),
        'reshape': (
            Tensor.reshape,
            [lambda f: f(a, 3, 2), lambda f: f(a, (3, -1)), lambda f: f(a, shape=(6,))],
        ),
        'transpose': (Tensor.t, [lambda f: f(a), lambda f: f(row)]),
        'swapaxes': (
            Tensor.swapaxes,
            [lambda f: f(cube, 0, -1), lambda f: f(cube, axis0=1, axis1=2)],
        ),
        'expand_dims': (
            Tensor.unsqueeze,
            [lambda f: f(a, 0), lambda f: f(a, dim=-1), lambda f: f(a, axis=1)],
        ),
        'concat': (
            torch.cat,
            [
                lambda f: f((a, a)),
                lambda f: f([a, a], 1),
                lambda f: f(tensors=(a, a), dim=-1, out=torch.empty(2, 6)),
            ],
        ),
        'stack': (
            torch.stack,
            [
                lambda f: f((a, a)),
                lambda f: f([a, a], 1),
                lambda f: f(tensors=(a, a), dim=-1, out=torch.empty(2, 3, 2)),
            ],
        ),
        'repeat': (
            Tensor.repeat,
            [
                lambda f: f(row, 3),
                lambda f: f(a, 2, 1),
                lambda f: f(a, (2, 1, 1)),
                lambda f: f(a, repeats=(1, 2)),
            ],
        ),
        'size': (Tensor.numel, [lambda f: f(cube)]),
        'astype': (
            Tensor.type,
            [
                lambda f: f(a, i32),
                lambda f: f(a, dtype=i32, non_blocking=True),
                lambda f: f(a, 'torch.DoubleTensor'),
            ],
        ),
        'to': (
            Tensor.to,
            [
                lambda f: f(a, cpu),
                lambda f: f(a, f64, non_blocking=True, copy=True),
                lambda f: f(a, device=cpu, dtype=i32),
                lambda f: f(a, torch.ones(1, dtype=f64)),
            ],
        ),
        'numpy': (Tensor.numpy, [lambda f: f(a), lambda f: f(a, force=True)]),
        'matmul': (
            torch.matmul,
            [lambda f: f(a, b), lambda f: f(input=a, other=b, out=torch.empty(2, 2))],
        ),
        'batch_matmul': (
            torch.bmm,
            [
                lambda f: f(cube, cube.mT),
                lambda f: f(input=cube, mat2=cube.mT, out=torch.empty(2, 3, 3)),
            ],
        ),
        **{name: (getattr(torch, name), entrywise) for name in ENTRYWISE},
        'reduce_sum': (Tensor.sum, reduced),
        'reduce_mean': (Tensor.mean, reduced),
        'argmax': (
            Tensor.argmax,
            [
                lambda f: f(cube),
                lambda f: f(cube, 1),
                lambda f: f(cube, 1, True),
                lambda f: f(cube, dim=-1, keepdim=True),
            ],
        ),
    }


def tensorflow(d2l):
    import tensorflow as tf

    a, cube, f64, i32 = tf.constant(A), tf.constant(CUBE), tf.float64, tf.int32
    made = [
        lambda f: f((2, 3)),
        lambda f: f([2, 3], i32),
        lambda f: f(4),
        lambda f: f(shape=(2, 3), dtype=f64, name='made', layout=None),
        lambda f: f(tf.constant([2, 3]), tf.int64, 'made'),
    ]
    like = [
        lambda f: f(a),
        lambda f: f(a, i32, 'like'),
        lambda f: f(input=[1.0, 2.0], dtype=f64, name='like', layout=None),
    ]
    entrywise = [lambda f: f(a), lambda f: f([0.5, 0.25], 'name'), lambda f: f(x=A, name='name')]
    reduced = [
        lambda f: f(cube),
        lambda f: f(cube, 0),
        lambda f: f(CUBE, [0, 2], True, 'name'),
        lambda f: f(input_tensor=cube, axis=(0, 1), keepdims=True, name='name'),
        lambda f: f([1.0, 2.5]),
    ]
    return {
        'zeros': (tf.zeros, made),
        'ones': (tf.ones, made),
        'rand': (
            tf.random.uniform,
            [
                lambda f: f((2, 3)),
                lambda f: f([2, 3], 1, 4),
                lambda f: f((5,), 1, 9, i32, 3, 'name'),
                lambda f: f(shape=(2,), minval=1, maxval=2, dtype=f64, seed=3, name='name'),
                lambda f: f(tf.constant([2, 3])),
            ],
        ),
        'normal': (
            tf.random.normal,
            [
                lambda f: f((24, 32)),
                lambda f: f((4, 6, 6, 3)),
                lambda f: f([2, 3], 5, 0.1),
                lambda f: f((2,), 5.0, 0.1, f64, 3, 'name'),
                lambda f: f(shape=(2, 3), mean=a, stddev=a, dtype=tf.float32, seed=3, name='name'),
                lambda f: f(tf.constant([2, 3])),
                lambda f: f(()),
            ],
        ),
        'zeros_like': (tf.zeros_like, like),
        'ones_like': (tf.ones_like, like),
        'eye': (
            tf.eye,
            [
                lambda f: f(2, 3),
                lambda f: f(num_rows=2, num_columns=3, batch_shape=[2], dtype=i32, name='name'),
            ],
        ),
        'arange': (
            tf.range,
            [
                lambda f: f(5),
                lambda f: f(1, 2, 0.25),
                lambda f: f(start=1, limit=9, delta=2, dtype=f64, name='name'),
            ],
        ),
        'linspace': (
            tf.linspace,
            [
                lambda f: f(0.0, 1.0, 5),
                lambda f: f(start=[0.0, 1.0], stop=[1.0, 5.0], num=3, name='name', axis=-1),
                lambda f: f(a, 2 * a, 3, 'name', 1),
            ],
        ),
        'meshgrid': (
            tf.meshgrid,
            [
                lambda f: f([1, 2], [3, 4, 5]),
                lambda f: f(a[0], a[1, :2], indexing='ij', name='name'),
            ],
        ),
        'tensor': (
            tf.constant,
            [
                lambda f: f([1, 2]),
                lambda f: f(0, f64, (2, 3), 'name'),
                lambda f: f(value=[1, 2, 3, 4], dtype=i32, shape=[2, 2], name='name'),
            ],
        ),
        'reshape': (
            tf.reshape,
            [lambda f: f(a, (3, 2)), lambda f: f(tensor=A, shape=[-1], name='name')],
        ),
        'transpose': (
            tf.transpose,
            [
                lambda f: f(cube),
                lambda f: f(cube, [1, 0, 2], False, 'name'),
                lambda f: f(a=cube, perm=(0, 2, 1), conjugate=True, name='name'),
            ],
        ),
        'expand_dims': (
            tf.expand_dims,
            [lambda f: f(a, 0), lambda f: f(input=[1, 2], axis=-1, name='name')],
        ),
        'concat': (
            tf.concat,
            [
                lambda f: f([a, a], 0),
                lambda f: f((a, A), -1, 'name'),
                lambda f: f(values=[a, a], axis=1, name='name'),
            ],
        ),
        'stack': (
            tf.stack,
            [lambda f: f([1, 2]), lambda f: f(values=(a, a), axis=-1, name='name')],
        ),
        'repeat': (
            tf.repeat,
            [
                lambda f: f([1, 2], 2),
                lambda f: f(a, 2, 1, 'name'),
                lambda f: f(input=a, repeats=[1, 2], axis=0, name='name'),
            ],
        ),
        'size': (lambda a: tf.size(a).numpy(), [lambda f: f(cube), lambda f: f(a=[1, 2])]),
        'astype': (
            tf.cast,
            [lambda f: f(a, i32), lambda f: f(x=[1, 2], dtype='float64', name='name')],
        ),
        'numpy': (lambda x: x.numpy(), [lambda f: f(a)]),
        'matmul': (tf.matmul, _products(tf, a, cube)),
        'batch_matmul': (tf.matmul, _products(tf, a, cube)),
        **{name: (getattr(tf, name), entrywise) for name in ENTRYWISE if name != 'log'},
        'log': (tf.math.log, entrywise),
        'reduce_sum': (tf.reduce_sum, reduced),
        'reduce_mean': (tf.reduce_mean, reduced),
        'argmax': (
            tf.argmax,
            [
                lambda f: f(cube),
                lambda f: f(cube, 1),
                lambda f: f([[1, 3], [2, 0]], 1, i32, 'name'),
                lambda f: f(input=A, axis=-1, output_type=i32, name='name'),
            ],
        ),
    }


def _products(tf, a, cube):
    return [
        lambda f: f(a, A.T),
        lambda f: f([[1.0, 2.0]], [[3.0], [4.0]]),
        lambda f: f(cube, cube, False, True),
        lambda f: f(a=a, b=a, transpose_a=True, name='name'),
        lambda f: f(a, a, adjoint_b=True, a_is_sparse=True, b_is_sparse=True),
        lambda f: f(tf.ones((2, 2), tf.int8), tf.ones((2, 2), tf.int8), output_type=tf.int32),
    ]


def jax(d2l):
    import jax
    from jax import numpy as jnp

    a, cube, i32, f16 = jnp.array(A), jnp.array(CUBE), jnp.int32, jnp.float16
    Array = type(a)  # whose methods have signatures, unlike those of jax.Array
    cpu, where = jax.devices('cpu')[0], jnp.array([True, False, True, True])
    made = [
        lambda f: f((2, 3)),
        lambda f: f(4, i32),
        lambda f: f(shape=(2, 3), dtype=f16, device=cpu),
    ]
    entrywise = [lambda f: f(a), lambda f: f(0.5), lambda f: f(A)]
    return {
        'zeros': (jnp.zeros, made),
        'ones': (jnp.ones, made),
        'zeros_like': (
            jnp.zeros_like,
            [lambda f: f(a), lambda f: f(a=a, dtype=i32, shape=(3,), device=cpu)],
        ),
        'ones_like': (
            jnp.ones_like,
            [lambda f: f(a), lambda f: f(a=a, dtype=i32, shape=(3,), device=cpu)],
        ),
        'eye': (jnp.eye, [lambda f: f(2, 3, 1), lambda f: f(N=2, M=3, k=-1, dtype=i32)]),
        'arange': (
            jnp.arange,
            [lambda f: f(5), lambda f: f(start=1, stop=9, step=2, dtype=f16, device=cpu)],
        ),
        'linspace': (
            jnp.linspace,
            [
                lambda f: f(0, 1),
                lambda f: f(0, 1, 5, False, False, f16, 0),
                lambda f: f(start=a, stop=2, num=3, endpoint=False, dtype=f16, axis=1),
                lambda f: f(0, 1, num=3, retstep=True)[0],
            ],
        ),
        'meshgrid': (
            jnp.meshgrid,
            [
                lambda f: f(a[0], a[1, :2]),
                lambda f: f(a[0], a[1, :2], copy=True, sparse=True, indexing='ij'),
            ],
        ),
        'tensor': (
            jnp.array,
            [
                lambda f: f([1, 2]),
                lambda f: f(object=[1, 2], dtype=f16, copy=True, order='K', ndmin=2, device=cpu),
            ],
        ),
        'reshape': (
            Array.reshape,
            [lambda f: f(a, 3, 2), lambda f: f(a, (3, -1), order='F'), lambda f: f(a, -1)],
        ),
        'transpose': (lambda a: a.T, [lambda f: f(a), lambda f: f(a=cube)]),
        'swapaxes': (
            Array.swapaxes,
            [lambda f: f(cube, 0, -1), lambda f: f(cube, axis1=1, axis2=2)],
        ),
        'expand_dims': (
            jnp.expand_dims,
            [lambda f: f(a, 0), lambda f: f(a=a, axis=(0, -1))],
        ),
        'concat': (
            jnp.concatenate,
            [
                lambda f: f((a, a)),
                lambda f: f([a, A], 1, i32),
                lambda f: f(arrays=[a, a], axis=None, dtype=f16),
            ],
        ),
        'stack': (
            jnp.stack,
            [
                lambda f: f((a, a)),
                lambda f: f(arrays=[a, a], axis=-1, out=None, dtype=f16),
            ],
        ),
        'repeat': (
            Array.repeat,
            [
                lambda f: f(a, 2),
                lambda f: f(a, 2, 1),
                lambda f: f(a, repeats=jnp.array([1, 2]), axis=0, total_repeat_length=3),
            ],
        ),
        'size': (jnp.size, [lambda f: f(cube), lambda f: f(a=cube, axis=1)]),
        'astype': (
            Array.astype,
            [
                lambda f: f(a, i32),
                lambda f: f(a, i32, True, cpu),
                lambda f: f(a, dtype='float16', copy=True, device=cpu),
            ],
        ),
        'to': (
            jax.device_put,
            [lambda f: f(a, cpu), lambda f: f(x=a, device=cpu, donate=False, may_alias=True)],
        ),
        'numpy': (
            np.asarray,
            [lambda f: f(a), lambda f: f([1, 2], 'float64', 'C'), lambda f: f(a=a, dtype=int)],
        ),
        'matmul': (
            jnp.matmul,
            [
                lambda f: f(a, A.T),
                lambda f: f(a=a, b=a.T, precision='highest', preferred_element_type=f16),
            ],
        ),
        **{name: (getattr(jnp, name), entrywise) for name in ENTRYWISE if name != 'sigmoid'},
        'sigmoid': (jax.nn.sigmoid, [*entrywise, lambda f: f(x=a)]),
        'reduce_sum': (
            Array.sum,
            [
                lambda f: f(cube),
                lambda f: f(cube, 1, f16, None, True),
                lambda f: f(cube, axis=(0, 1), dtype=f16, keepdims=True, where=where),
                lambda f: f(cube > 1, promote_integers=False, axis=0),
            ],
        ),
        'reduce_mean': (
            Array.mean,
            [
                lambda f: f(cube),
                lambda f: f(cube, 1, f16, None, True),
                lambda f: f(cube, axis=(0, 1), dtype=f16, keepdims=True, where=where),
            ],
        ),
        'argmax': (
            Array.argmax,
            [
                lambda f: f(cube),
                lambda f: f(cube, 1, None, True),
                lambda f: f(cube, axis=-1, keepdims=True),
            ],
        ),
    }


def mxnet(d2l):
    from mxnet import cpu, np, npx

    a, cube, f64, i32 = np.array(A), np.array(CUBE), 'float64', 'int32'
    b = np.array(A.T)
    made = [
        lambda f: f((2, 3)),
        lambda f: f(4, i32),
        lambda f: f(shape=(2, 3), dtype=f64, order='C', ctx=cpu()),
    ]
    like = [
        lambda f: f(a),
        lambda f: f(a=a, dtype=i32, order='C'),
    ]
    entrywise = [
        lambda f: f(a),
        lambda f: f(0.5),
        lambda f: f(x=a, out=np.zeros((2, 3))),
    ]
    reduced = [
        lambda f: f(cube),
        lambda f: f(cube, 0),
        lambda f: f(cube, 1, f64, None, True),
        lambda f: f(cube, axis=(0, 1), dtype=f64, keepdims=True),
        lambda f: f(cube, axis=0, out=np.zeros((3, 4))),
    ]
    sizes = [lambda f: f(2, 3), lambda f: f(), lambda f: f(4, dtype=f64, ctx=cpu())]
    return {
        'zeros': (np.zeros, made),
        'ones': (np.ones, made),
        'rand': (np.random.rand, sizes),
        'randn': (np.random.randn, sizes),
        'normal': (
            np.random.normal,
            [
                lambda f: f(),
                lambda f: f(3, 0.1, (2, 3)),
                lambda f: f(0, 1, 5, f64, cpu()),
                lambda f: f(loc=a, scale=a, size=(4, 2, 3), dtype=f64, ctx=cpu(), out=None),
            ],
        ),
        'zeros_like': (np.zeros_like, like),
        'ones_like': (np.ones_like, like),
        'eye': (
            np.eye,
            [lambda f: f(2, 3, 1), lambda f: f(N=2, M=3, k=-1, dtype=i32, ctx=cpu())],
        ),
        'arange': (
            np.arange,
            [lambda f: f(5), lambda f: f(start=1, stop=9, step=2, dtype=i32, ctx=cpu())],
        ),
        'linspace': (
            np.linspace,
            [
                lambda f: f(0, 1),
                lambda f: f(0, 1, 5, False),
                lambda f: f(start=0, stop=1, num=3, endpoint=False, dtype=f64, axis=0),
                lambda f: f(0, 1, num=3, retstep=True)[0],
            ],
        ),
        'meshgrid': (
            np.meshgrid,
            [
                lambda f: f(a[0], a[1, :2]),
                lambda f: f(a[0], a[1, :2], indexing='ij'),
            ],
        ),
        'tensor': (
            np.array,
            [lambda f: f([1, 2]), lambda f: f(object=[1, 2], dtype=i32, ctx=cpu())],
        ),
        'reshape': (
            np.ndarray.reshape,
            [lambda f: f(a, 3, 2), lambda f: f(a, (3, -1), order='C'), lambda f: f(a, -1)],
        ),
        'transpose': (lambda a: a.T, [lambda f: f(a), lambda f: f(a=cube)]),
        'swapaxes': (
            np.ndarray.swapaxes,
            [lambda f: f(cube, 0, -1), lambda f: f(cube, axis1=1, axis2=2)],
        ),
        'expand_dims': (np.expand_dims, [lambda f: f(a, 0), lambda f: f(a=a, axis=-1)]),
        'concat': (
            np.concatenate,
            [
                lambda f: f((a, a)),
                lambda f: f([a, a], 1),
                lambda f: f(seq=[a, a], axis=-1, out=None),
            ],
        ),
        'stack': (
            np.stack,
            [lambda f: f((a, a)), lambda f: f(arrays=[a, a], axis=-1, out=None)],
        ),
        'repeat': (
            np.ndarray.repeat,
            [lambda f: f(a, 2), lambda f: f(a, 2, 1), lambda f: f(a, repeats=2, axis=0)],
        ),
        'size': (lambda a: a.size, [lambda f: f(cube), lambda f: f(a=cube)]),
        'astype': (
            np.ndarray.astype,
            [lambda f: f(a, i32), lambda f: f(a, dtype=f64, casting='unsafe', copy=False)],
        ),
        'to': (
            np.ndarray.as_in_context,
            [lambda f: f(a, cpu()), lambda f: f(a, context=cpu())],
        ),
        'numpy': (np.ndarray.asnumpy, [lambda f: f(a)]),
        'matmul': (
            np.dot,
            [
                lambda f: f(a, b),
                lambda f: f(cube, np.ones((4, 5))),
                lambda f: f(cube, np.ones(4)),
                lambda f: f(np.ones(2), a),
                lambda f: f(np.ones(2), np.ones(2)),
                lambda f: f(a=a, b=b, out=np.zeros((2, 2))),
            ],
        ),
        'batch_matmul': (
            npx.batch_dot,
            [
                lambda f: f(cube, cube.swapaxes(1, 2)),
                lambda f: f(cube, cube, transpose_b=True),
                lambda f: f(cube, cube, transpose_a=True),
            ],
        ),
        **{name: (getattr(np, name), entrywise) for name in ENTRYWISE if name != 'sigmoid'},
        'sigmoid': (npx.sigmoid, [lambda f: f(a), lambda f: f(a, out=np.zeros((2, 3)))]),
        'reduce_sum': (np.ndarray.sum, reduced),
        'reduce_mean': (np.ndarray.mean, reduced),
        'argmax': (
            np.ndarray.argmax,
            [
                lambda f: f(cube),
                lambda f: f(cube, 1),
                lambda f: f(cube, axis=-1, out=None),
            ],
        ),
    }


ENTRYWISE = 'abs exp log sin cos sinh cosh tanh sigmoid'.split()
TABLES = {'pytorch': pytorch, 'tensorflow': tensorflow, 'jax': jax, 'mxnet': mxnet}

# What a tab of the book has no function for, ours are described in the docstrings.
OURS_ALONE = {
    'tensorflow': {'randn', 'swapaxes', 'to'},
    'jax': {'normal', 'rand', 'randn', 'batch_matmul'},
}
CALLED = [
    (backend, name)
    for backend in BACKENDS
    if backend in TABLES
    for name in interface.TENSORS
    if name not in {'int32', 'int64', 'float32'} | OURS_ALONE.get(backend, set())
]


def test_nnx_has_the_very_functions_of_jax():
    nnx, jax = require('nnx'), require('jax')
    assert all(getattr(nnx, name) is getattr(jax, name) for name in interface.TENSORS)


def called(d2l, call, function):
    d2l.seed_everything(0)
    result = call(function)
    return result if isinstance(result, list | tuple) else [result]


@pytest.mark.filterwarnings('ignore:torch.meshgrid')
@pytest.mark.parametrize('backend, name', CALLED)
def test_calls_as_the_framework_documents_them(backend, name):
    d2l = require(backend)
    own, calls = TABLES[backend](d2l)[name]
    for number, call in enumerate(calls):
        found, expected = called(d2l, call, getattr(d2l, name)), called(d2l, call, own)
        for one, other in zip(found, expected, strict=True):
            array, reference = d2l.numpy(one), d2l.numpy(other)
            assert array.dtype == reference.dtype or name == 'size', f'call {number}'
            assert getattr(one, 'requires_grad', 0) == getattr(other, 'requires_grad', 0)
            np.testing.assert_allclose(array, reference, rtol=1e-6, err_msg=f'call {number}')


def test_no_argument_of_the_framework_is_missing(d2l):
    """Where the framework tells its parameters: ours begin with them, or pass on what comes."""
    backend = backend_of(d2l)
    table = TABLES['jax' if backend == 'nnx' else backend]  # nnx has the very functions of jax
    for name, (own, _) in table(d2l).items():
        try:
            theirs = inspect.signature(own).parameters.values()
        except ValueError:  # a function written in C++
            continue
        ours = inspect.signature(getattr(d2l, name)).parameters.values()
        kinds = {p.kind for p in ours}
        found, expected = (
            [p.name for p in side if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][1:]
            for side in (ours, theirs)
        )
        given = len(found) if inspect.Parameter.VAR_POSITIONAL in kinds else len(expected)
        assert found[: len(expected)] == expected[:given], name
        keywords = {p.name for p in theirs if p.kind is p.KEYWORD_ONLY}
        passes_on = inspect.Parameter.VAR_KEYWORD in kinds
        assert passes_on or keywords <= {p.name for p in ours}, name


def test_booleans_are_counted_and_have_a_mean(d2l):
    y_hat, y = d2l.tensor([1, 2, 3, 4]), d2l.tensor([1, 2, 0, 4])
    assert float(d2l.reduce_mean(y_hat == y)) == 0.75
    assert float(d2l.reduce_sum(y_hat == y)) == 3
    assert d2l.numpy(d2l.reduce_mean(y_hat == y)).dtype == np.float32


# What another tab writes, and the shape it has there.
OTHERS = {
    'the shape first': (lambda d2l: d2l.normal((24, 32)), (24, 32)),
    'the shape first, then a mean': (lambda d2l: d2l.normal((24, 32), 0, 1), (24, 32)),
    'a mean first': (lambda d2l: d2l.normal(0, 1, (3,)), (3,)),
    'a mean, and a shape that fits': (lambda d2l: d2l.normal(2, 1, (4, 5)), (4, 5)),
    'sizes of zeros': (lambda d2l: d2l.zeros(2, 3), (2, 3)),
    'more sizes of zeros': (lambda d2l: d2l.zeros(2, 3, 4), (2, 3, 4)),
    'sizes of ones': (lambda d2l: d2l.ones(2, 1), (2, 1)),
    'sizes of a new shape': (lambda d2l: d2l.reshape(d2l.ones(6), 2, 3), (2, 3)),
    'bounds of random numbers': (lambda d2l: d2l.rand((2, 3), 0, 1), (2, 3)),
    'keepdims third': (lambda d2l: d2l.reduce_sum(d2l.ones((2, 3)), 0, True), (1, 3)),
    'keepdims in a mean': (lambda d2l: d2l.reduce_mean(d2l.ones((2, 3)), 0, True), (1, 3)),
    'a type third': (lambda d2l: d2l.reduce_sum(d2l.ones((2, 3)), 0, d2l.float32), (3,)),
    'a type in a mean': (lambda d2l: d2l.reduce_mean(d2l.ones((2, 3)), 0, d2l.float32), (3,)),
}


@pytest.mark.parametrize('which', OTHERS)
def test_a_call_of_another_tab_is_right_or_fails(d2l, which):
    call, shape = OTHERS[which]
    try:
        found = call(d2l)
    except Exception:
        return
    assert tuple(found.shape) == shape
    assert d2l.numpy(found).dtype == np.float32


def test_a_mean_first_is_explained_on_tensorflow():
    d2l = require('tensorflow')
    with pytest.raises(TypeError, match=r'takes the shape first, .* Got 0 for the shape'):
        d2l.normal(0, 1, (3,))
    with pytest.raises(TypeError, match=r'zeros takes the shape as one tuple: .*\(\(2, 3\)\)'):
        d2l.zeros(2, 3)
    with pytest.raises(TypeError, match='takes True or False for keepdims'):
        d2l.reduce_sum(d2l.ones((2, 3)), 0, d2l.float32)


def test_a_key_of_jax_is_no_number_and_no_shape():
    d2l = require('jax')
    key = d2l.get_key()
    for call in (
        lambda: d2l.normal(key),
        lambda: d2l.normal(key, (2, 3)),
        lambda: d2l.rand(key),
        lambda: d2l.randn(key, (2, 3)),
    ):
        with pytest.raises(TypeError, match='key=key'):
            call()
    same = [d2l.normal(d2l.tensor([0.0, 9.0]), 1, key=key) for _ in range(2)]
    assert same[0].shape == (2,) and (same[0] == same[1]).all()
    assert abs(float(same[0][1] - same[0][0]) - 9) > 1e-3  # two draws, not one for both


def test_each_entry_or_the_whole_is_repeated_on_pytorch():
    d2l = require('pytorch')
    x = d2l.tensor([1, 2])
    assert d2l.repeat(x, 2).tolist() == [1, 2, 1, 2]
    assert d2l.repeat(x, 2, axis=0).tolist() == [1, 1, 2, 2]


@pytest.mark.parametrize('name', ['exp', 'log', 'sigmoid'])
def test_integers_in_a_list_on_tensorflow(name):
    d2l = require('tensorflow')
    function = getattr(d2l, name)
    np.testing.assert_allclose(function([1, 2]), function([1.0, 2.0]))


def test_numpy_arrays_are_taken_where_the_book_calls_a_method(d2l):
    for name in ('reduce_sum', 'reduce_mean', 'argmax'):
        reference = getattr(np, name.removeprefix('reduce_'))(A, axis=1)
        found = d2l.numpy(getattr(d2l, name)(A, axis=1))
        np.testing.assert_allclose(found, reference, rtol=1e-6)
    assert d2l.reshape(A, (3, 2)).shape == (3, 2)


def test_a_page_with_the_calls_of_each_tab(d2l):
    page = read_page(Path(__file__).parent.parent / 'pages/tensors.md')
    result = run_tab(page, backend_of(d2l), show=['share', 'first', 'labels', 'message'])
    assert result.error is None
    assert result.values['show'] == {
        'share': 1,
        'first': [8, 4, 0],
        'labels': [1, 3, 5],
        'message': 'row 3 does not exist: the data have 3 rows',
    }
