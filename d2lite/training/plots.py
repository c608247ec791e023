"""What becomes of the values that a model plots: means in the history, and points on the board.

Values are only kept, with the numbers of their steps, as long as nobody asks for them. What is to
be done with them is done for many at once: at the end of an epoch of single steps, after several
epochs of one call each, when a frame is due, or when somebody reads the history or the board.
"""

import collections

__all__ = ['Plot', 'Plots']

# Of epochs that wait together. Done for each by itself it takes three times as long: the program of
# an epoch leaves nothing of all this in the processor's caches.
SECONDS_TO_WAIT = 0.05


class Plots:
    """What is plotted during one `fit` of `trainer`; `history` has the epochs that do not wait."""

    def __init__(self, trainer):
        self.trainer = trainer
        self.history = []
        self.by_label = {}  # the plots of an epoch of single steps, whose values wait
        self.waiting = collections.deque()  # what else is to be done: functions, their arguments
        self.seconds = 0.0  # of the epochs that wait
        self.settling = False

    def add(self, model, label, value, train):
        """A value that `Module.plot` was given; it may wait, if it is not the label's first."""
        plot = self.by_label.get(label)
        if plot is not None and plot.model is model:
            plot.steps.append(self.trainer.train_batch_idx)
            plot.values.append(value)
            return
        trainer = self.trainer
        plot = Plot(model, label, train)
        if trainer.deferred is not None:
            trainer.defer(plot, value)
            return
        if self.waiting:
            self.settle()
        plot(value)
        within_epoch = trainer.batches_in_epoch is not None
        if within_epoch and model is trainer.model and trainer.records_plainly():
            self.by_label[label] = plot

    def add_steps(self, plots, values):
        """Values of the steps from the one that the trainer is at on: an array for each plot."""
        trainer = self.trainer
        for plot, of_steps in zip(plots, values, strict=True):
            self.waiting.append((plot.file, trainer.epoch, trainer.train_batch_idx, of_steps))

    def close_epoch(self, seconds):
        """The epoch is complete, and took so long."""
        if self.by_label:
            self.settle()
            self.by_label = {}
        self.seconds += seconds
        self.waiting.append((self._close, self.trainer.epoch, seconds))
        if len(self.waiting) == 1 or self.seconds > SECONDS_TO_WAIT:
            self.settle()

    def settle(self):
        """Does what waits; values that are still on the device are waited for."""
        if self.settling:  # it has drawn a frame, for which the board is read
            return
        self.settling = True
        try:
            while self.waiting:
                function, *arguments = self.waiting.popleft()
                function(*arguments)
            self.seconds = 0.0
            for plot in self.by_label.values():
                plot.settle()
        finally:
            self.settling = False

    def _close(self, epoch, seconds):
        means = self.trainer.records.close_epoch(epoch)
        self.history.append({'epoch': epoch + 1, **means, 'seconds': seconds})
        self.trainer.model.board.settle()


class Plot:
    """The values of one label of `model`, such as 'train_loss'."""

    def __init__(self, model, label, train):
        self.model, self.label, self.train = model, label, train
        self.steps, self.values = [], []  # what nothing was done with yet

    def __call__(self, value):
        """Files and draws a value of the step that the trainer is at."""
        trainer, board = self.model.trainer, self.model.board
        trainer.record(self.label, value)
        if every_n := self._every_n():
            (x,) = self._xs(trainer.epoch, [trainer.train_batch_idx])
            board.draw(x, value, self.label, every_n)

    def settle(self):
        """The same for the values that wait."""
        if self.values:
            steps, values, self.steps, self.values = self.steps, self.values, [], []
            trainer = self.model.trainer
            self._file(trainer.epoch, steps, trainer.numbers(values))

    def file(self, epoch, first, values):
        """The same for the values of several steps of an epoch, of which `first` is one."""
        if hasattr(values, 'tolist'):
            values = values.reshape(-1).tolist()
        self._file(epoch, range(first, first + len(values)), values)

    def _file(self, epoch, steps, values):
        model = self.model
        model.trainer.records.extend(self.label, values)
        if every_n := self._every_n():
            model.board.draw_all(self._xs(epoch, steps), values, self.label, every_n)

    def _xs(self, epoch, steps):
        """Where values of these steps are drawn: those of a validation at the end of the epoch."""
        if not self.train:
            return [epoch + 1] * len(steps)
        num_batches = self.model.trainer.num_train_batches
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
