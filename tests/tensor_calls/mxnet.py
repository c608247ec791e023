"""The tensor functions of MXNet, as its tab calls them."""

from types import ModuleType

from tensor_calls import CUBE, ENTRYWISE, A


def table(d2l: ModuleType) -> dict:
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
