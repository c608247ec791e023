"""PyTorch: gradients of 1 x 1 convolutions against NumPy, and within their memory.

oneDNN 3.12 in PyTorch 2.13 computes the weights' gradients of some of them wrongly, and writes
beyond their end: https://github.com/uxlfoundation/oneDNN/issues/6035. The conditions are channels
last, a stride, few input channels, and a CPU with AVX2 and not more.
"""

import ctypes
import os
import subprocess
import sys

import numpy as np
import pytest
from contract import require

d2l = require('pytorch')
import torch  # noqa: E402
from torch import nn  # noqa: E402

LR, OUT, SIZE = 1.0, 8, 7
STRIDES, CHANNELS = (1, 2, 3), (1, 2, 3, 4, 7, 8, 15, 16)


class Model(d2l.Classifier):
    def __init__(self, channels, stride):
        super().__init__()
        self.lr = LR
        self.net = nn.Sequential(
            nn.Conv2d(channels, OUT, kernel_size=1, stride=stride),
            nn.AdaptiveAvgPool2d((1, 1)),
            nn.Flatten(),
        )


def check_step(channels, stride, compile=False):
    """One step of SGD by a Trainer against one in float64."""
    rng = np.random.default_rng(channels * 10 + stride)
    X = rng.standard_normal((4, channels, SIZE, SIZE)).astype(np.float32)
    y = rng.integers(0, OUT, 4)
    data = d2l.DataModule()
    batch = torch.tensor(X), torch.tensor(y)
    data.get_dataloader = lambda train: [batch] if train else None
    model = Model(channels, stride)
    conv = model.net[0]
    weight, bias = (p.detach().numpy().astype(np.float64) for p in (conv.weight, conv.bias))
    weight = weight.reshape(OUT, channels)
    trainer = d2l.Trainer(max_epochs=1, compile=compile)
    trainer.fit(model, data)
    assert bool(trainer.compiled) == compile

    means = X[:, :, ::stride, ::stride].astype(np.float64).mean(axis=(2, 3))
    logits = means @ weight.T + bias
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    error = (p - np.eye(OUT)[y]) / len(y)
    found = conv.weight.detach().numpy().reshape(OUT, channels)
    name = f'{channels} channels, stride {stride}'
    np.testing.assert_allclose(
        found, weight - LR * error.T @ means, rtol=1e-4, atol=1e-5, err_msg=name
    )
    np.testing.assert_allclose(
        conv.bias.detach().numpy(), bias - LR * error.sum(axis=0), rtol=1e-4, atol=1e-5
    )


def check_all():
    for stride in STRIDES:
        for channels in CHANNELS:
            check_step(channels, stride)


@pytest.fixture(params=[1, 2])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize('stride', STRIDES)
def test_gradients_are_right(threads, stride):
    for channels in CHANNELS:
        check_step(channels, stride)


@pytest.mark.parametrize('channels, stride', [(3, 2), (16, 1)])
def test_gradients_are_right_compiled(channels, stride):
    check_step(channels, stride, compile=True)


LIBRARY = 'libc_malloc_debug.so.0'


def has_malloc_debug():
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_malloc_debug(), reason=f'there is no {LIBRARY}, which is of glibc')
@pytest.mark.parametrize('number', [1, 2])
def test_nothing_is_written_beyond_the_memory_of_gradients(number):
    """With the instructions of a CPU that has AVX2 alone, and a check of each block freed."""
    environment = {
        'ONEDNN_MAX_CPU_ISA': 'AVX2',
        'GLIBC_TUNABLES': 'glibc.malloc.check=3',
        'LD_PRELOAD': LIBRARY,
        'PYTHONPATH': os.pathsep.join(path for path in sys.path if path),
    }
    code = f'import torch; torch.set_num_threads({number}); import test_onednn as t; t.check_all()'
    found = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        cwd=os.path.dirname(__file__),
        timeout=300,
    )
    assert found.returncode == 0, found.stderr[-2000:]


@pytest.mark.parametrize(
    ('device', 'precision', 'expected'),
    [
        (None, '32', True),
        (None, 'bf16-mixed', True),
        ('cuda', '32', False),
        ('cuda', 'tf32', False),
        ('cuda', 'bf16-mixed', True),
        ('cuda', '16-mixed', True),
        ('mps', 'bf16-mixed', False),
    ],
)
def test_where_convolutions_lie_channels_last(device, precision, expected):
    from d2lite_torch.channels import works_channels_last

    trainer = d2l.Trainer(max_epochs=1, num_gpus=0, precision=precision)
    trainer.gpus = [torch.device(device)] if device else []
    trainer.model = d2l.LeNet(lr=0.1)
    assert works_channels_last(trainer) is expected
    trainer.model = d2l.MLP(num_outputs=10, num_hiddens=4, lr=0.1)
    assert works_channels_last(trainer) is False
