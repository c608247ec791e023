"""The epoch of a training whose steps are compiled; the backends say how a step is compiled.

The trainer's own `train_step` and the model's own `validation_step` are traced by the framework's
compiler. What they plot leaves the compiled step as outputs. Where the data are whole tensors, many
steps are one call, so that neither Python nor the device waits for the other.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from d2lite.data.loader import TensorLoader
from d2lite.data.resident import ResidentLoader
from d2lite.training.batches import tensors_of
from d2lite.training.metrics import StepOutputs
from d2lite.training.side_effects import side_effects
from d2lite.training.step_code import plain_attributes, values_read

if TYPE_CHECKING:
    from d2lite.training.tracked_loader import TrackedLoader
    from d2lite.training.trainer import Trainer

__all__ = ['CannotCompile', 'CompiledEpoch', 'collected_outputs', 'compiled_epoch']

SECONDS_PER_CALL = 0.2  # then Ctrl-C is heard, and the board redrawn
FIRST_STEPS = 64  # in one call, before it is known how long they take

# What a step begins with. The rest of its code is found by the names that these use.
METHODS = {'training_step', 'validation_step', 'prepare_batch', 'train_step', 'loss', 'forward'}
METHODS |= {'call', 'apply_gradients', 'clip_gradients', 'update', 'accuracy', 'plot'}


class CannotCompile(Exception):
    """The steps have to be made as they are written; says why."""


def compiled_epoch(trainer: 'Trainer') -> 'CompiledEpoch | bool':
    """The CompiledEpoch that holds for the next epoch of `trainer`; False if there can be none."""
    current = trainer.compiled
    if current is False or (current is not None and current.is_current()):
        return current
    try:
        current = trainer.compiled_class(trainer)
        current.prepare()
        return current
    except Exception as error:  # that of a lesson comes again, where nothing is traced
        trainer.fallback_reason = _reason(error)  # told after the first step
        return False


@contextlib.contextmanager
def collected_outputs(trainer: 'Trainer') -> Iterator[StepOutputs]:
    """Within this context the model plots into the StepOutputs that this gives."""
    metrics, trainer.metrics = trainer.metrics, StepOutputs()
    try:
        yield trainer.metrics
    finally:
        trainer.metrics = metrics


class CompiledEpoch:
    """The compiled steps of a trainer.

    A backend's subclass defines `trace(batch, train)`, `step(batch, train)` and, where `loops` is
    True, `steps(order, start, stop, train)`. These two return a list with, for each entry of
    `labels[train]`, the values of the steps: numbers, or scalars that are not waited for.
    """

    loops = False  # whether several steps can be one call,
    loops_to_the_end = False  # and whether the last, smaller batch can be among them
    compiles_in_calls = False  # whether a program is compiled when it is called first

    def __init__(self, trainer: 'Trainer') -> None:
        self.trainer = trainer
        self.steps_per_call = FIRST_STEPS
        self.labels = {}  # of what a step plots, in training (True) and validation (False)
        self.called = set()  # what was called before, where this compiles

    def prepare(self) -> None:
        """Traces the steps. Raises CannotCompile, or what tracing raises."""
        trainer = self.trainer
        if effect := side_effects(type(trainer), trainer.optim, trainer.model, start=METHODS):
            raise CannotCompile(effect)
        self.build()
        self.read = self.values_read()
        trainer.set_training(True)
        self.trace(trainer.train_dataloader.first_batch(), train=True)
        if trainer.val_dataloader is not None:
            trainer.set_training(False)
            self.trace(trainer.val_dataloader.first_batch(), train=False)
            trainer.set_training(True)
        if self.values_read() != self.read:
            raise CannotCompile(
                'tracing a step has changed values of Python, which a compiled step does only once'
            )

    def build(self) -> None:
        """Makes what is made in a first step: variables of layers and the like."""

    def values_read(self) -> tuple:
        """What the step's Python code can read now; see `step_code`."""
        return values_read(*self.objects_read())

    def objects_read(self) -> tuple:
        """The objects from which the step's Python code reads."""
        trainer = self.trainer
        return plain_attributes(trainer), type(trainer), trainer.optim, trainer.model

    def loader(self, train: bool) -> Any:
        """The dataloader of training or of validation."""
        trainer = self.trainer
        return (trainer.train_dataloader if train else trainer.val_dataloader).dataloader

    def prepares_in_step(self, train: bool) -> bool:
        """Returns True if `prepare_batch` is traced too; others' loaders may yield no tensors."""
        return type(self.loader(train)) in (TensorLoader, ResidentLoader)

    def is_current(self) -> bool:
        """Returns True if the step's code would read now what it read when it was traced."""
        return self.values_read() == self.read

    def follow_changes(self) -> None:
        """Traces the steps anew if their code would read other values now."""
        if not self.is_current():
            training = self.trainer.model.training
            self.__init__(self.trainer)
            self.prepare()
            self.trainer.set_training(training)

    def fit_epoch(self) -> None:
        """Runs one epoch, as the trainer's own `fit_epoch` would."""
        trainer = self.trainer
        trainer.set_training(True)
        self.run(trainer.train_dataloader, train=True)
        if trainer.val_dataloader is not None:
            trainer.set_training(False)
            self.run(trainer.val_dataloader, train=False)

    def run(self, tracked: 'TrackedLoader', train: bool) -> None:
        """Runs one pass over a TrackedLoader."""
        whole = self.prepares_in_step(train)
        if self.loops and whole:
            self.run_whole(tracked, train)
            return
        watched = not whole or (train and self.trainer.may_change_between_steps())
        for batch in tracked:
            if watched:
                self.follow_changes()  # that a loader, or a callback, has made
            if not whole:
                batch = self.trainer.prepare_batch(batch)
            self.report(self.timed_step(batch, train), train, [tracked.num_examples])

    def run_whole(self, tracked: 'TrackedLoader', train: bool) -> None:
        """Runs one pass over whole tensors, several steps a call."""
        loader, trainer = tracked.dataloader, self.trainer
        order = loader.order_on_device()
        start, stop, whole = tracked.begin(), len(loader), loader.num_examples // loader.batch_size
        whole = stop if self.loops_to_the_end else whole
        stop = min(stop, start + tracked.limit())
        watched = train and trainer.may_change_between_steps()
        while start < stop:
            if watched:
                self.follow_changes()  # that a callback has made
            begun, compiled = time.perf_counter(), trainer.times.compiled
            if start < whole:
                count = min(self.steps_per_call, whole - start, stop - start)
                count = trainer.steps_until_callback(count) if train else count
                with self.compiling_at_first((train,)):
                    outputs = self.steps(order, start, start + count, train)
            else:
                count, outputs = 1, self.timed_step(loader.batch(order, start), train)
            self.report(outputs, train, loader.sizes(start, start + count))
            if count == self.steps_per_call and trainer.times.compiled == compiled:
                trainer.metrics.flush()  # waits for the device
                # Several processes have to make the same calls.
                seconds = trainer.processes.longest(time.perf_counter() - begun)
                self.steps_per_call = max(1, round(count * SECONDS_PER_CALL / seconds))
            start += count
            tracked.after(count)

    def timed_step(self, batch: Any, train: bool) -> list:
        shapes = tuple(tuple(tensor.shape) for tensor in tensors_of(batch))
        with self.compiling_at_first((train, shapes)):
            return self.step(batch, train)

    def compiling_at_first(self, key: tuple) -> contextlib.AbstractContextManager:
        """The context of a call; the first one with a key counts as compiling, if it compiles."""
        if not self.compiles_in_calls or key in self.called:
            return contextlib.nullcontext()
        self.called.add(key)
        return self.trainer.times.compiling()

    def report(self, outputs: Sequence[Sequence], train: bool, sizes: Sequence[int]) -> None:
        """Hands the values of steps on batches of `sizes` to the metrics, and counts the steps."""
        trainer, count = self.trainer, len(sizes)
        xs = trainer.metrics.positions(train, trainer.train_batch_idx, count)
        if train:
            trainer.train_batch_idx += count
        else:
            trainer.val_batch_idx += count
        for label, values in zip(self.labels[train], outputs, strict=True):
            trainer.metrics.extend(label, xs, values, sizes)


def _reason(error):
    """Why a step cannot be traced: the first line of the error, and the line that it came from."""
    if isinstance(error, CannotCompile):
        return str(error)
    place, traceback = '', error.__traceback__
    while traceback:
        frame, line = traceback.tb_frame, traceback.tb_lineno
        name, file = frame.f_globals.get('__name__', ''), frame.f_code.co_filename
        if not name.startswith('d2lite') and 'site-packages' not in file:
            place = f' in line {line} of {file}'
        traceback = traceback.tb_next
    lines = [line for line in str(error).split('\n') if line.strip()] or ['']
    message = ' '.join(lines[: 2 if lines[0].endswith(':') else 1])
    return f'{type(error).__name__}{place}: {message}'
