"""CUDA graphs where there is CUDA: a recording that fails leaves nothing behind."""

import devices
import numpy as np
import pytest
from contract import require, small_data

if devices.DEVICE != 'gpu':
    pytest.skip('only CUDA records graphs: make test-gpu runs these', allow_module_level=True)
d2l = require('pytorch')
torch = pytest.importorskip('torch')
if not torch.cuda.is_available():
    pytest.skip('no CUDA here', allow_module_level=True)


class Dropping(d2l.LinearRegression):
    """Linear regression, half of whose inputs are left out at random."""

    waits = False

    def __init__(self):
        super().__init__(lr=0.03)
        self.net = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(2, 1))

    def training_step(self, batch):
        if self.waits:
            torch.cuda.synchronize()  # which a recording cannot
        return super().training_step(batch)


class Waiting(Dropping):
    waits = True


def fit(model_class, compile):
    d2l.seed_everything(0)
    model = model_class()
    trainer = d2l.Trainer(3, num_gpus=1, compile=compile)
    trainer.fit(model, small_data(d2l, num_train=150, num_val=0))
    return trainer


def test_training_goes_on_as_written_where_a_recording_fails():
    with pytest.warns(UserWarning, match='CUDA can record no graph of it'):
        waiting = fit(Waiting, compile=True)
    written = fit(Waiting, compile=False)
    assert [row['train_loss'] for row in waiting.history] == pytest.approx(
        [row['train_loss'] for row in written.history], rel=1e-5
    )


def test_the_next_training_is_recorded():
    for _ in range(3):
        with pytest.warns(UserWarning, match='CUDA can record no graph of it'):
            fit(Waiting, compile=True)
        trainer = fit(Dropping, compile=True)
        assert all(
            step.graph is not None for step in trainer.compiled.graphs.values() if step.calls > 4
        )
        assert np.isfinite(trainer.history[-1]['train_loss'])
