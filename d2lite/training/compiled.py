"""The epoch of a training whose steps are compiled; the backends say how a step is compiled.

A program is made from the trainer's own `train_step` and the model's own `validation_step`, traced
once. What these plot leaves the program as values, and is plotted afterwards. Where the data are
whole tensors, many steps are one call, so that neither Python nor the device waits for the other.
"""

import contextlib
import time

from d2lite.data.module import is_whole
from d2lite.training.plots import Plot
from d2lite.training.purity import LIBRARIES, Watch

__all__ = ['Compiled', 'Deferred', 'deferring', 'sizes']

SECONDS_PER_CALL = 0.2  # then Ctrl-C is heard, and the board redrawn
FIRST_STEPS = 64  # in one call, before it is known how long they take


class Deferred:
    """What a step wants to do with values once they are known: functions of one value each."""

    def __init__(self):
        self.functions, self.values = [], []

    def add(self, function, value):
        self.functions.append(function)
        self.values.append(value)


@contextlib.contextmanager
def deferring(trainer):
    """Within this context `trainer` and its model put off what needs values."""
    trainer.deferred = Deferred()
    by_label, trainer.plots.by_label = trainer.plots.by_label, {}
    try:
        yield trainer.deferred
    finally:
        trainer.deferred, trainer.plots.by_label = None, by_label


class Compiled:
    """The compiled steps of one `fit`.

    A backend's subclass has two classes of programs, which take `(trainer, train, loader, batch)`
    and raise for what cannot be traced: `step_program`, with `step(batch)`, and `pass_program` for
    a loader that `is_whole`, with `given(order)`, the order as its `run(start, count, order)` takes
    it. Both return the values of their `functions`, for each a list with an entry for each step, or
    an array. `loops`: whether `run` makes several steps, best a multiple of `multiple`.
    """

    step_program = pass_program = None  # set in each backend's subclass

    def __init__(self, trainer):
        self.trainer = trainer
        self.programs = None  # for training and for validation
        self.steps_per_call = FIRST_STEPS
        self.known = {}  # the answers of `can_wait`

    def trace(self, train, loader, batch):
        if is_whole(loader):  # the program prepares the batches
            return self.pass_program(self.trainer, train, loader, batch)
        return self.step_program(self.trainer, train, loader, self.trainer.prepare_batch(batch))

    def link(self, train, validation=None):
        """What is left to do when both programs are traced."""

    def prepare(self):
        """Traces the steps. Returns '' or, if that cannot be, the reason; then nothing is done."""
        trainer = self.trainer
        batch = trainer.train_dataloader.first_batch()
        trainer.set_training(True)
        objects = [trainer, trainer.model, trainer.model.board]
        if not type(trainer.optim).__module__.startswith(LIBRARIES):
            objects.append(trainer.optim)  # a lesson's own
        with Watch(*objects) as watch:
            reason = ''
            try:
                self.programs = self._trace_both(batch)
            except Exception as error:  # that of a lesson comes again, where nothing is traced
                reason = _reason(error)
        changes = watch.changes()
        if reason or changes:
            watch.undo()
            self.programs = None
        return reason or ', and '.join(changes)

    def _trace_both(self, batch):
        trainer = self.trainer
        # These change from step to step; what a step does with them, tracing would do but once.
        counters = {
            name: vars(trainer).pop(name) for name in ('epoch', 'train_batch_idx', 'val_batch_idx')
        }
        try:
            programs = [self.trace(True, trainer.train_dataloader.dataloader, batch)]
            if trainer.val_dataloader is not None:
                trainer.set_training(False)
                batch = trainer.val_dataloader.first_batch()
                programs.append(self.trace(False, trainer.val_dataloader.dataloader, batch))
            self.link(*programs)
            return programs
        finally:
            trainer.set_training(True)
            vars(trainer).update(counters)

    def fit_epoch(self):
        """As the trainer's own."""
        trainer = self.trainer
        trainer.set_training(True)
        self._run(self.programs[0], trainer.train_dataloader, 'train_batch_idx')
        if trainer.val_dataloader is not None:
            trainer.set_training(False)
            self._run(self.programs[1], trainer.val_dataloader, 'val_batch_idx')

    def _run(self, program, steps, counter):
        if not is_whole(steps.dataloader):
            for batch in steps:
                values = program.step(self.trainer.prepare_batch(batch))
                self._report(program.functions, values, 1, counter)
            return
        order = program.given(steps.dataloader.next_order())
        start, stop = steps.begin(), len(steps)
        while start < stop:
            most = min(self.steps_per_call if program.loops else 1, stop - start)
            if most > program.multiple and start + most < stop:
                most -= most % program.multiple
            count = steps.until_pause(most)
            begun = time.perf_counter()
            self._report(program.functions, program.run(start, count, order), count, counter)
            if program.loops and count == self.steps_per_call:
                seconds = time.perf_counter() - begun
                self.steps_per_call = max(1, round(count * SECONDS_PER_CALL / seconds))
            start += count
            steps.after_steps(count)

    def can_wait(self, functions):
        """Whether these are plots, and nothing has to happen at each single one."""
        key = tuple(functions)
        if key not in self.known:
            self.known[key] = are_plots(functions) and self.trainer.records_plainly()
        return self.known[key]

    def _report(self, functions, values, count, counter):
        """Calls the functions that were deferred with the values they waited for."""
        trainer = self.trainer
        if self.can_wait(functions) and not isinstance(values[0], list):
            trainer.plots.add_steps(functions, values)
            setattr(trainer, counter, getattr(trainer, counter) + count)
            return
        trainer.plots.settle()
        for index in range(count):
            for function, of_steps in zip(functions, values, strict=True):
                function(of_steps[index])
            setattr(trainer, counter, getattr(trainer, counter) + 1)


def are_plots(functions):
    """Whether these are plots, each of a label of its own, so that they need not take turns."""
    labels = [function.label for function in functions if isinstance(function, Plot)]
    return 0 < len(labels) == len(functions) == len(set(labels))


def sizes(loader):
    """The sizes of the batches that a whole loader hands out: that of most, and the last one's."""
    num_whole, rest = divmod(loader.num_examples, loader.batch_size)
    return [size for size in (loader.batch_size if num_whole else 0, rest) if size]


def _reason(error):
    """Why a step cannot be traced: the first line of the error, and the line that it came from."""
    place, traceback = '', error.__traceback__
    while traceback:
        frame, line = traceback.tb_frame, traceback.tb_lineno
        name, file = frame.f_globals.get('__name__', ''), frame.f_code.co_filename
        if not name.startswith(LIBRARIES) and 'site-packages' not in file:
            place = f' in line {line} of {file}'
        traceback = traceback.tb_next
    lines = [line for line in str(error).split('\n') if line.strip()] or ['']
    message = ' '.join(lines[: 2 if lines[0].endswith(':') else 1])
    return f'{type(error).__name__}{place}: {message}'
