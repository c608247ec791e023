"""The progress line of a script: on a terminal only, in place, and without waiting for a device."""

import re
import subprocess
import sys

import pytest
import terminal
from contract import require

from d2lite.training import progress

SCRIPT = """
import sys, time
from d2lite import torch as d2l

class Slow(d2l.SyntheticRegressionData):
    def train_dataloader(self):
        return [(time.sleep(0.002), batch)[1] for batch in super().train_dataloader()] * 4

d2l.seed_everything(0)
model = d2l.LinearRegressionScratch(2, lr=0.03)
model.board.display = 'quiet' not in sys.argv
data = Slow(w=d2l.tensor([2, -3.4]), b=4.2, num_train=64, num_val=32)
trainer = d2l.Trainer(max_epochs=3)
trainer.fit(model, data)
print('end', trainer.history[-1]['val_loss'])
"""


def on_a_terminal(*arguments):
    """What the script writes to a terminal, and how it ends."""
    code, text = terminal.on_a_terminal([sys.executable, '-c', SCRIPT, *arguments])
    assert code == 0
    return text


def test_one_line_that_is_written_over_and_ends():
    require('pytorch')
    line, end, rest = on_a_terminal().split('\n')
    states = line.lstrip('\r').split('\r')
    assert re.fullmatch(r'epoch 1/3 · batch \d+/8 *', states[0])
    loss = end.removeprefix('end ')
    assert re.fullmatch(
        rf'epoch 3/3 · train_loss [\d.]+ · val_loss {float(loss):.4g} *', states[-1]
    )
    assert rest == ''


def test_nothing_where_the_board_shows_nothing():
    require('pytorch')
    assert on_a_terminal('quiet').startswith('end ')


def test_nothing_on_a_pipe():
    require('pytorch')
    out = subprocess.run([sys.executable, '-c', SCRIPT], capture_output=True, text=True, check=True)
    assert out.stdout.startswith('end ')
    assert out.stderr == ''


class Terminal:
    """A stream that remembers, and says that it is a terminal."""

    def __init__(self):
        self.text = ''
        self.write = lambda text: setattr(self, 'text', self.text + text)

    def isatty(self):
        return True

    def flush(self):
        pass


class Run:
    """What a ProgressLine looks at of a trainer."""

    class model:
        class board:
            display = True

    epoch, max_epochs, num_train_batches, batches_in_epoch = 0, 2, 10, 0

    def __init__(self):
        self.history = []


@pytest.fixture
def line(monkeypatch):
    monkeypatch.setattr(sys, 'stdout', Terminal())
    now = [0.0]
    monkeypatch.setattr(progress.time, 'monotonic', lambda: now[0])
    line = progress.ProgressLine(Run())
    line.now = now
    return line


def test_at_most_ten_lines_a_second(line):
    for _ in range(100):
        line.now[0] += 0.01
        line.on_train_batch_end(None, None)
    assert 9 <= line.stream.text.count('\r') <= 11


def test_shorter_text_covers_the_longer(line):
    line.trainer.batches_in_epoch = 10
    line.on_train_batch_end(None, None)
    line.trainer.batches_in_epoch, line.trainer.history = None, [{'epoch': 1, 'seconds': 1.0}]
    line.on_fit_end(None, None)
    assert line.stream.text == '\repoch 1/2 · batch 10/10\repoch 1/2              \n'


def test_nothing_in_a_notebook(monkeypatch):
    monkeypatch.setattr(sys, 'stdout', Terminal())
    monkeypatch.setattr(progress, 'in_notebook', lambda: True)
    line = progress.ProgressLine(Run())
    line.on_train_batch_end(None, None)
    line.on_fit_end(None, None)
    assert sys.stdout.text == ''


def test_a_line_that_is_too_long_is_cut(line, monkeypatch):
    monkeypatch.setattr(progress, '_columns', lambda stream: 15)
    line.trainer.batches_in_epoch = 3
    line.on_train_batch_end(None, None)
    assert line.stream.text == '\repoch 1/2 · b…'
