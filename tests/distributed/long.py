"""A training that takes its time: `long.py BACKEND CHECKPOINT HISTORY [kill]`.

With `kill`, the process of rank 1 is killed after step 16, the first time.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from d2lite import selection

backend, checkpoint, history, *kill = sys.argv[1:]
d2l = selection.load(backend)
d2l.seed_everything(0)


class Slow(d2l.Callback):
    def on_train_epoch_start(self, trainer, model):
        print('begins', trainer.epoch + 1, flush=True)

    def on_train_batch_end(self, trainer, model):
        time.sleep(0.03)
        last = trainer.train_batch_idx == 16 and os.environ.get('D2LITE_RESTART') == '0'
        if kill and last and trainer.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)


def data(d2l):
    w = d2l.tensor([2.0, -3.4])
    return d2l.SyntheticRegressionData(w, 4.2, num_train=330, num_val=33, batch_size=32)


if __name__ == '__main__':
    trainer = d2l.Trainer(
        max_epochs=4, callbacks=[Slow()], checkpoint_every=5, checkpoint_path=checkpoint
    )
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.03), data(d2l))
    if trainer.rank == 0:
        Path(history).write_text(json.dumps(trainer.history))
