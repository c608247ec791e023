"""Ctrl-C, a killed process, and a loss that is no number: what is left can be gone on with."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import contract
import numpy as np
import pytest
from contract import backend_of, parameters, small_data

from d2lite.training.distributed import ALONE
from d2lite.training.loop_callbacks import Interruption


@pytest.fixture(autouse=True)
def ctrl_c():
    """Python's own handler, which pytest-xdist takes away in its workers."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def interrupted_model(d2l, step, method='training_step'):
    """Presses Ctrl-C in the middle of its step number `step`, counted from 1."""

    class Model(d2l.LinearRegressionScratch):
        pass

    calls = []

    def press(self, *args):
        calls.append(1)
        if len(calls) == step:
            signal.raise_signal(signal.SIGINT)
        return getattr(d2l.LinearRegressionScratch, method)(self, *args)

    setattr(Model, method, press)
    return Model(2, lr=0.03)


def fit(d2l, model=None, max_epochs=3, **kwargs):
    d2l.seed_everything(0)
    data = small_data(d2l, num_train=100)
    # Step by step as written, for the interrupted models count what they do.
    trainer = d2l.Trainer(max_epochs=max_epochs, compile=False)
    d2l.seed_everything(0)
    trainer.fit(model or d2l.LinearRegressionScratch(2, lr=0.03), data, **kwargs)
    return trainer


@pytest.mark.parametrize('step', [1, 7, 10])
def test_ctrl_c_ends_training_between_two_steps(d2l, tmp_path, step):
    expected = fit(d2l)
    d2l.seed_everything(0)
    model = interrupted_model(d2l, step)
    with pytest.raises(KeyboardInterrupt, match=r'training was stopped (in|after) .*epoch \d'):
        fit(d2l, model)
    trainer = model.trainer
    assert trainer.train_batch_idx == step
    assert (trainer.epoch, len(trainer.history)) == ((step - 1) // 7, (step - 1) // 7)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    # It can be gone on with, and ends where it would have ended.
    trainer.save_checkpoint(tmp_path / 'x')
    resumed = fit(d2l, ckpt_path=tmp_path / 'x')
    for a, b in zip(parameters(d2l, resumed), parameters(d2l, expected), strict=True):
        np.testing.assert_array_equal(a, b)
    assert resumed.model.board.data == expected.model.board.data
    assert [row['val_loss'] for row in resumed.history] == [
        row['val_loss'] for row in expected.history
    ]


def test_ctrl_c_while_validating(d2l, tmp_path):
    expected = fit(d2l)
    d2l.seed_everything(0)
    model = interrupted_model(d2l, 3, 'validation_step')
    with pytest.raises(KeyboardInterrupt):
        fit(d2l, model)
    trainer = model.trainer
    assert (trainer.train_batch_idx, trainer.val_batch_idx) == (14, 3)
    trainer.save_checkpoint(tmp_path / 'x')
    resumed = fit(d2l, ckpt_path=tmp_path / 'x')
    assert (resumed.train_batch_idx, resumed.val_batch_idx) == (21, 6)
    assert resumed.model.board.data == expected.model.board.data
    for a, b in zip(parameters(d2l, resumed), parameters(d2l, expected), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_model_can_be_used_after_ctrl_c(d2l):
    model = interrupted_model(d2l, 9)
    with pytest.raises(KeyboardInterrupt):
        fit(d2l, model)
    trainer = model.trainer
    assert len(trainer.model.board.data['train_loss']) == 3
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.03), small_data(d2l))
    assert len(trainer.history) == 3


def test_the_second_ctrl_c_does_not_wait():
    interruption = Interruption()
    interruption.on_fit_start(None, None)
    signal.raise_signal(signal.SIGINT)
    assert interruption.asked
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    interruption.on_fit_end(None, None)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_somebody_elses_handler_is_left_alone():
    pressed = []
    signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    interruption = Interruption()
    interruption.on_fit_start(None, None)
    signal.raise_signal(signal.SIGINT)
    interruption.check(SimpleNamespace(processes=ALONE))
    interruption.on_fit_end(None, None)
    signal.raise_signal(signal.SIGINT)
    assert pressed == [1, 1]


# A training that checkpoints after every step, in a process of its own.
TRAINING = """
import sys
from d2lite import selection
sys.path.insert(0, sys.argv[3])
from contract import small_data
d2l = selection.load(sys.argv[1])
d2l.seed_everything(0)
data = small_data(d2l, num_train=100)
d2l.seed_everything(0)
model = d2l.LinearRegressionScratch(2, lr=0.03)
trainer = d2l.Trainer(max_epochs=40, checkpoint_every=1, checkpoint_path=sys.argv[2])
print('ready', flush=True)
trainer.fit(model, data)
"""


@pytest.mark.parametrize('moment', range(5))
def test_a_killed_training_resumes_from_its_newest_checkpoint(d2l, tmp_path, moment):
    """Five random moments on each backend; bit for bit what an uninterrupted training finds."""
    path = tmp_path / 'x.safetensors'
    seconds = random.Random(moment).uniform(0, 0.6)
    command = [
        sys.executable,
        '-c',
        TRAINING,
        backend_of(d2l),
        str(path),
        os.path.dirname(contract.__file__),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout.readline() == b'ready\n'
        while not path.exists() and process.poll() is None:
            time.sleep(0.001)
        time.sleep(seconds)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    resumed = fit(d2l, max_epochs=40, ckpt_path=path)
    assert resumed.train_batch_idx == 280
    expected = uninterrupted(d2l)
    for a, b in zip(parameters(d2l, resumed), expected, strict=True):
        np.testing.assert_array_equal(a, b)


def uninterrupted(d2l, found={}):  # noqa: B006  computed once for each backend
    if backend_of(d2l) not in found:
        found[backend_of(d2l)] = parameters(d2l, fit(d2l, max_epochs=40))
    return found[backend_of(d2l)]


def diverging(d2l, **kwargs):
    data = small_data(d2l, num_train=640)
    trainer = d2l.Trainer(max_epochs=3, **kwargs)
    return trainer, lambda: trainer.fit(d2l.LinearRegressionScratch(2, lr=100.0), data)


def test_a_loss_that_is_no_number_is_told_once(d2l):
    trainer, fit = diverging(d2l)
    with pytest.warns(UserWarning, match='training has diverged') as caught:
        fit()
    (message,) = [str(w.message) for w in caught if 'diverged' in str(w.message)]
    assert {w.filename for w in caught if 'diverged' in str(w.message)} == {__file__}
    assert 'train_loss became ' in message and 'in epoch 1, step ' in message
    assert 'with lr=100.0' in message
    step = int(message.split('step ')[1].split(',')[0])
    assert 5 < step < 40
    assert len(trainer.history) == 3


def test_detect_anomaly_stops_there(d2l):
    trainer, fit = diverging(d2l, detect_anomaly=True)
    with pytest.raises(FloatingPointError, match='train_loss became .* in epoch 1, step') as caught:
        fit()
    step = int(str(caught.value).split('step ')[1].split(',')[0])
    assert trainer.train_batch_idx == step
    assert all(math.isfinite(float(value)) for value in trainer.metrics.values['train_loss'][:-1])


def test_detect_anomaly_lets_a_healthy_training_be(d2l):
    trainer = d2l.Trainer(max_epochs=2, detect_anomaly=True)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.03), small_data(d2l))
    assert len(trainer.history) == 2 and json.dumps(trainer.history)
