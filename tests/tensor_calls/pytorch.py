"""The tensor functions of PyTorch, as its tab calls them."""

from types import ModuleType

from tensor_calls import CUBE, ENTRYWISE, A


def table(d2l: ModuleType) -> dict:
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
