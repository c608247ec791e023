"""What happens between two steps of training: it can be interrupted there, and saved.

`fit_epoch` iterates over a dataloader, and a lesson may write its own. So the dataloader that the
Trainer hands out is wrapped, and when the next batch is asked for, the step before is complete.
"""

import signal
import threading

__all__ = ['Interruption', 'Steps']


class Steps:
    """A dataloader that tells its trainer before the first batch, and after each.

    Who makes several steps at once calls `begin`, then `until_pause` and `after_steps` each time.
    """

    def __init__(self, dataloader, before_steps, after_steps, until_pause=None):
        self.dataloader = dataloader
        self.before_steps, self.after_steps = before_steps, after_steps
        self.until_pause = until_pause or (lambda most: most)
        self.skip = 0  # batches of the next pass that were trained on before

    def __len__(self):
        return len(self.dataloader)

    def __iter__(self):
        batches = iter(self.dataloader)
        skip, self.skip = self.skip, 0
        for _ in range(skip):
            next(batches)
        self.before_steps()
        for batch in batches:
            yield batch
            self.after_steps(1)

    def begin(self):
        """The number of the first step of this pass."""
        skip, self.skip = self.skip, 0
        self.before_steps()
        return skip

    def first_batch(self):
        """A batch to learn shapes from."""
        first_batch = getattr(self.dataloader, 'first_batch', None)
        return first_batch() if first_batch else next(iter(self.dataloader))


class Interruption:
    """Within this context Ctrl-C, or a notebook's stop button, waits for the step to be complete.

    `check`, called between two steps, then raises KeyboardInterrupt. A second Ctrl-C does not wait.
    """

    def __enter__(self):
        self.asked = False
        # Python lets only the main thread handle signals; in another one nothing interrupts.
        self.in_charge = threading.current_thread() is threading.main_thread()
        if self.in_charge:
            self.previous = signal.getsignal(signal.SIGINT)
            # A handler that somebody else installed, or none at all, is left alone.
            self.in_charge = self.previous is signal.default_int_handler
        if self.in_charge:
            signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_):
        if self.in_charge:
            signal.signal(signal.SIGINT, self.previous)

    def check(self):
        if self.asked:
            self.asked = False
            raise KeyboardInterrupt

    def _ask(self, signum, frame):
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
