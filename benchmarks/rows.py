"""What remains of an epoch that computes nothing: an order, and the rows of each batch."""

from benchmarks.loop import Loop, slices

__all__ = ['Rows']


class Rows(Loop):
    """Copies the rows of each batch out of a NumPy array, in random order.

    Of few examples they come from the processor's caches, of many from memory. No loop that trains
    on one thread can grow by less.
    """

    def build(self, data, parameters):
        self.data = data

    def epoch(self):
        order = self.order()
        for rows in slices(len(order), self.batch_size):
            self.data.X[order[rows]], self.data.y[order[rows]]
        return None, None

    def parameters(self):
        return []
