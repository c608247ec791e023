"""The tensor functions of TensorFlow, as its tab calls them."""

from types import ModuleType

from tensor_calls import CUBE, ENTRYWISE, A


def table(d2l: ModuleType) -> dict:
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
