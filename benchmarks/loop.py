"""What every contender is: something that trains a workload, epoch by epoch."""

import numpy as np

__all__ = ['Loop', 'slices']


class Loop:
    """A training loop written by hand; a subclass says how it is built, and what an epoch is.

    `parameters`: the initial ones, in the layouts of workloads.py. `orders`: gives the order of the
    examples for an epoch, a permutation; by default a fresh one each time.
    """

    untimed_epochs = 0  # of each fit, before its epochs are all alike

    def __init__(self, workload, data, parameters, orders=None):
        self.workload, self.lr, self.batch_size = workload, workload.lr, workload.batch_size
        self.validates = workload.num_val > 0
        self.orders = orders
        self.rng = np.random.default_rng()
        self.num_epochs_done = 0
        self.history = []  # (training loss, validation loss) of each epoch, None if not computed
        self.build(data, parameters)

    def fit(self, num_epochs, stamp=lambda: None):
        """Trains on; calls `stamp` before the first epoch and after each."""
        stamp()
        for _ in range(num_epochs):
            self.history.append(self.epoch())
            self.num_epochs_done += 1
            stamp()

    def order(self):
        """The order of the examples in this epoch."""
        if self.orders is None:
            return self.rng.permutation(self.workload.num_train)
        return self.orders(self.num_epochs_done)

    def build(self, data, parameters):
        raise NotImplementedError

    def epoch(self):
        """One pass over the training data and one over the validation data: their losses."""
        raise NotImplementedError

    def parameters(self):
        """NumPy arrays, as the initial ones were given."""
        raise NotImplementedError


def slices(num_examples, batch_size):
    """The rows of each batch; the last one may be smaller."""
    return [
        slice(start, min(start + batch_size, num_examples))
        for start in range(0, num_examples, batch_size)
    ]
