"""What becomes of the values that a model plots: means in the history, and points on the board.

In a plain loop they are only kept, with the number of their step. What is to be done with them is
done for many at once, at the end of an epoch or when a frame is due, so that it costs little.
"""

__all__ = ['Plot']


class Plot:
    """The values of one label of `model`, such as 'train_loss'."""

    def __init__(self, model, label, train):
        self.model, self.label, self.train = model, label, train
        self.steps, self.values = [], []  # what nothing was done with yet

    def __call__(self, value):
        """Files and draws a value of the step that the trainer is at."""
        model = self.model
        model.trainer.record(self.label, value)
        if every_n := self._every_n():
            (x,) = self._xs([model.trainer.train_batch_idx])
            model.board.draw(x, value, self.label, every_n)

    def of_steps(self, values):
        """The same for the values of several steps, of which the trainer is at the first."""
        if hasattr(values, 'tolist'):
            values = values.reshape(-1).tolist()
        first = self.model.trainer.train_batch_idx
        self._file(range(first, first + len(values)), values)

    def settle(self):
        """The same for the values that wait."""
        if self.values:
            steps, values, self.steps, self.values = self.steps, self.values, [], []
            self._file(steps, self.model.trainer.numbers(values))

    def _file(self, steps, values):
        model = self.model
        model.trainer.records.extend(self.label, values)
        if every_n := self._every_n():
            model.board.draw_all(self._xs(steps), values, self.label, every_n)

    def _xs(self, steps):
        """Where values of these steps are drawn: those of a validation at the end of the epoch."""
        trainer = self.model.trainer
        if not self.train:
            return [trainer.epoch + 1] * len(steps)
        num_batches = trainer.num_train_batches
        return [step / num_batches for step in steps]

    def _every_n(self):
        """Of how many values a point is the mean, 0 if none is drawn."""
        model, trainer = self.model, self.model.trainer
        num_batches = trainer.num_train_batches if self.train else trainer.num_val_batches
        num_points = model.plot_train_per_epoch if self.train else model.plot_valid_per_epoch
        if num_points <= 0:
            return 0
        model.board.xlabel = 'epoch'
        # Asked for more points than there are batches, every batch is a point.
        return max(1, int(num_batches / num_points))
