"""Where the tests train: on the CPU, or as D2LITE_TEST_DEVICE says.

`gpu`: on the first GPU. A backend that finds none is skipped, and fails if D2LITE_REQUIRE_GPU=1.
`pretend`: a device of the CPU stands in for the GPU. On JAX it is a second one, which computes with
nothing that lies on the first; elsewhere it is the CPU itself.
"""

import contextlib
import os

import pretended_graphs
import pytest

from d2lite.training.trainer import Trainer

DEVICE = os.environ.get('D2LITE_TEST_DEVICE', 'cpu')
if DEVICE not in ('cpu', 'gpu', 'pretend'):
    raise ValueError(f'D2LITE_TEST_DEVICE must be cpu, gpu or pretend, got {DEVICE!r}')
if DEVICE == 'pretend':
    flags = os.environ.get('XLA_FLAGS', '')
    os.environ['XLA_FLAGS'] = f'{flags} --xla_force_host_platform_device_count=2'.strip()


@contextlib.contextmanager
def trainers_take_a_gpu():
    """Makes num_gpus=1 the default of every Trainer, unless the tests train on the CPU."""
    before = Trainer.__init__.__defaults__
    if DEVICE != 'cpu':
        Trainer.__init__.__defaults__ = (before[0], 1, *before[2:])  # after max_epochs
    yield
    Trainer.__init__.__defaults__ = before


def prepare(d2l):
    """Called with each backend that a test asks for; ends the test if a GPU is missing."""
    if DEVICE == 'pretend':
        d2l.Trainer.find_gpus = staticmethod(lambda: [stand_in(d2l)])
        if d2l.Module.backend == 'pytorch':
            pretended_graphs.install(setattr)
    if DEVICE == 'gpu':
        predict_in_float32(d2l)
    if DEVICE != 'gpu' or d2l.Trainer.find_gpus():
        return
    reason = f'{d2l.Module.backend} finds no GPU here'
    if os.environ.get('D2LITE_REQUIRE_GPU') == '1':
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def predict_in_float32(d2l):
    """Has tests predict in float32, outside of `fit`, which has settings of its own."""
    if d2l.Module.backend == 'jax':
        import jax

        jax.config.update('jax_default_matmul_precision', 'float32')
    elif d2l.Module.backend == 'pytorch':
        import torch

        torch.backends.cudnn.allow_tf32 = False


def stand_in(d2l):
    """A device of the CPU that is taken for a GPU."""
    if d2l.Module.backend == 'jax':
        import jax

        return jax.devices('cpu')[1]
    return d2l.cpu()


def on_gpu(d2l, tensor):
    """A copy of `tensor` on the GPU."""
    return d2l.Trainer(max_epochs=1, num_gpus=1).move_batch((tensor,))[0]


def on_device(d2l, tensor):
    """A copy of `tensor` where the tests train."""
    return tensor if DEVICE == 'cpu' else on_gpu(d2l, tensor)


def device_of(d2l, tensor):
    """Where a tensor lies, as the framework says it."""
    backend = d2l.Module.backend
    if backend == 'jax':
        (device,) = tensor.devices()
        return device
    return tensor.ctx if backend == 'mxnet' else tensor.device
