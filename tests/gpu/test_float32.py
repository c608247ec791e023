"""'32' is true float32 on a GPU too: a few steps change parameters as the CPU changes them."""

import devices
import numpy as np
import pytest
from contract import backend_of

if devices.DEVICE != 'gpu':
    pytest.skip('a CPU has no TF32: make test-gpu runs these', allow_module_level=True)

TOLERANCE = 1e-4  # of the change; the last bit of TF32 is 5e-4, that of float32 6e-8


def image_data(d2l):
    class Images(d2l.DataModule):
        def __init__(self):
            super().__init__()
            self.batch_size = 64
            rng = np.random.default_rng(0)
            X = rng.standard_normal((256, 28, 28, 1), dtype=np.float32)
            X = X.transpose(0, 3, 1, 2) if d2l.Digits.channel_axis == 1 else X
            y = rng.integers(0, 10, 256).astype(d2l.Digits.label_dtype)
            self.tensors = self.tensor(np.ascontiguousarray(X)), self.tensor(y)

        def get_dataloader(self, train):
            return self.get_tensorloader(self.tensors, train)

    return Images()


def changes(d2l, make_model, **kwargs):
    """What two epochs add to each parameter."""
    before = {}

    def init_params(found):
        before.update(d2l.xavier_uniform(seed=0)(found))
        return before

    d2l.seed_everything(0)
    trainer = d2l.Trainer(2, **kwargs)
    trainer.fit(make_model(), image_data(d2l), init_params=init_params)
    return {name: array - before[name] for name, array in trainer.get_parameters().items()}


@pytest.fixture(autouse=True)
def the_frameworks_own_settings(d2l):
    """Those that somebody has who sets nothing; see `devices.prepare`."""
    if backend_of(d2l) == 'jax':
        import jax

        with jax.default_matmul_precision('default'):
            yield
    elif backend_of(d2l) == 'pytorch':
        import torch

        with torch.backends.cudnn.flags(enabled=True, allow_tf32=True):
            yield
    else:
        yield


@pytest.mark.parametrize('precision', ['32', 'tf32'])
@pytest.mark.parametrize('name', ['MLP', 'LeNet'])
def test_true_float32_unless_tf32_is_asked_for(d2l, name, precision):
    def make_model():
        arguments = {'num_outputs': 10, 'num_hiddens': 256} if name == 'MLP' else {}
        return getattr(d2l, name)(lr=0.1, **arguments)

    on_cpu = changes(d2l, make_model, num_gpus=0)
    on_gpu = changes(d2l, make_model, num_gpus=1, precision=precision)
    wrong = sum(np.sum((on_gpu[name] - expected) ** 2) for name, expected in on_cpu.items())
    error = np.sqrt(wrong / sum(np.sum(expected**2) for expected in on_cpu.values()))
    assert (error < TOLERANCE) == (precision == '32'), error
