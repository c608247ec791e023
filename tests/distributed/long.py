"""A training in which something happens: `long.py BACKEND CHECKPOINT HISTORY [kill | WAITING]`.

After step 16, the first time, the process of rank 1 is killed with `kill`; with the name of a file,
rank 0 makes this file, and all wait for Ctrl-C.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from d2lite import selection
from d2lite.training.loop_callbacks import Interruption

backend, checkpoint, history, *event = sys.argv[1:]
d2l = selection.load(backend)
d2l.seed_everything(0)


class Event(d2l.Callback):
    def on_train_epoch_start(self, trainer, model):
        print('begins', trainer.epoch + 1, flush=True)

    def on_train_batch_end(self, trainer, model):
        if not event or trainer.train_batch_idx != 16 or os.environ.get('D2LITE_RESTART') != '0':
            return
        if event != ['kill']:
            if trainer.rank == 0:
                Path(*event).touch()
            (heard,) = (c for c in trainer.running_callbacks if isinstance(c, Interruption))
            while not heard.asked:
                time.sleep(0.01)
        elif trainer.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def data(d2l):
    w = d2l.tensor([2.0, -3.4])
    return d2l.SyntheticRegressionData(w, 4.2, num_train=330, num_val=33, batch_size=32)


if __name__ == '__main__':
    trainer = d2l.Trainer(
        max_epochs=4, callbacks=[Event()], checkpoint_every=5, checkpoint_path=checkpoint
    )
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.03), data(d2l))
    if trainer.rank == 0:
        Path(history).write_text(json.dumps(trainer.history))
