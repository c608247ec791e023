"""Scripts as several processes, by the command line."""

import subprocess
import sys
from pathlib import Path

from contract import require

HERE = Path(__file__).parent


def start(script, *arguments, options=(), processes=2, **kwargs):
    """`d2lite launch` of a script, of this folder or elsewhere; the process of the launch."""
    command = [sys.executable, '-m', 'd2lite', 'launch', '--processes', str(processes), *options]
    command += [str(HERE / script), *map(str, arguments)]
    pipes = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, 'text': True}
    return subprocess.Popen(command, **pipes | kwargs)


def in_one_process(backend, max_epochs=4, ckpt_path=None):
    """The losses of the training of long.py, an epoch a row, in this process."""
    d2l = require(backend)
    d2l.seed_everything(0)
    w = d2l.tensor([2.0, -3.4])
    data = d2l.SyntheticRegressionData(w, 4.2, num_train=330, num_val=33, batch_size=32)
    trainer = d2l.Trainer(max_epochs=max_epochs)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.03), data, ckpt_path=ckpt_path)
    return [[row['train_loss'], row['val_loss']] for row in trainer.history]
