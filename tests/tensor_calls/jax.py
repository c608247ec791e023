"""The tensor functions of JAX, as its tab calls them."""

from types import ModuleType

import numpy as np

from tensor_calls import CUBE, ENTRYWISE, A


def table(d2l: ModuleType) -> dict:
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
