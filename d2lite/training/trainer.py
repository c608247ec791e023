"""Trainer: the loop that is the same on every backend. What differs is `fit_epoch`.

prepare_data ─► prepare_model ─► prepare_optimizer ─► fit_epoch, max_epochs times
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from d2lite.data.optional import import_for
from d2lite.hyperparameters import HyperParameters
from d2lite.representation import with_arguments
from d2lite.saving import checkpoint
from d2lite.saving.random_state import random_state
from d2lite.training.arguments import check_arguments, check_trainer
from d2lite.training.callbacks import Callback
from d2lite.training.distributed_training import TrainsTogether
from d2lite.training.evaluation import Evaluates
from d2lite.training.labels import label_check
from d2lite.training.memory_error import memory_errors
from d2lite.training.metrics import NO_METRICS, Metrics
from d2lite.training.mistakes import too_small_inputs
from d2lite.training.placement import TrainsOnDevice
from d2lite.training.precision import check_precision, in_precision
from d2lite.training.preparation import PreparesTraining
from d2lite.training.saved_parameters import SavesParameters
from d2lite.training.step_events import StepEvents
from d2lite.training.times import EpochTimes

if TYPE_CHECKING:
    import pandas

    from d2lite.training.module import Module

__all__ = ['Trainer']


class Trainer(
    PreparesTraining,
    StepEvents,
    Evaluates,
    TrainsOnDevice,
    TrainsTogether,
    SavesParameters,
    HyperParameters,
):
    """Trains a Module on a DataModule.

    `max_epochs`: passes over the training data. `max_steps`: training ends after so many steps; one
    of the two is enough. `num_gpus`: 1 trains on the first GPU, 0 on the CPU. `gradient_clip_val`:
    gradients are scaled down to this norm, 0 leaves them as they are. `checkpoint_every`: writes a
    checkpoint to `checkpoint_path` after so many steps. `detect_anomaly`: stops with
    FloatingPointError at the first loss that is no finite number. `compile`: None compiles the
    steps on JAX and TensorFlow, and hybridizes the layers on MXNet; True also uses torch.compile on
    PyTorch, and XLA on TensorFlow; False makes each step as it is written. `callbacks`: a list of
    `d2l.Callback`s. `precision`: '32' computes in float32, 'tf32' lets a GPU round what it
    multiplies, 'bf16-mixed' and '16-mixed' compute layers in bfloat16 or float16 and keep
    parameters in float32. `epoch_mean`: the means of an epoch are those of its 'batches', or of its
    'examples', where a smaller batch counts less. `num_devices`: over how many devices training is
    spread; None is all processes that were started together. `strategy`: 'auto' has the parameters
    whole on each device, 'fsdp' a part of them.

    While and after `fit`: `epoch`, `train_batch_idx` and `val_batch_idx` count from 0, and
    `history` has a dictionary for each epoch with the means of what the model plotted
    (`train_loss`, `val_loss`, ...), its `seconds`, and apart from these its `compile_seconds`, in
    the first epoch with all that prepares the training.
    Definition: d2l, section "Object-Oriented Design for Implementation".
    """

    backend = None  # the name of the backend, set in each backend's subclass
    compiled_class = None  # and its class CompiledEpoch,
    compile_modes = ()  # and for which values of `compile` it is used
    arithmetic = None  # and its module `precision`

    # What a subclass's own __init__ need not set.
    max_epochs = max_steps = None
    num_gpus = gradient_clip_val = 0
    checkpoint_every, checkpoint_path = None, 'checkpoint.safetensors'
    detect_anomaly, compile, callbacks, precision, gpus = False, None, (), '32', ()
    epoch_mean = 'batches'
    moves_to = None  # the device that model and data are moved to, None if they lie there already
    fitting = False  # True within `fit`, while epochs run
    data_module = None  # a backend's class DataModule, which makes its tensors
    label_check = None  # see `labels`

    def __init__(
        self,
        max_epochs: int | None = None,
        num_gpus: int = 0,
        gradient_clip_val: float = 0,
        checkpoint_every: int | None = None,
        checkpoint_path: str | Path = 'checkpoint.safetensors',
        detect_anomaly: bool = False,
        compile: bool | None = None,
        callbacks: Sequence[Callback] = (),
        precision: str = '32',
        max_steps: int | None = None,
        epoch_mean: str = 'batches',
        num_devices: int | None = None,
        strategy: str = 'auto',
    ) -> None:
        self.save_hyperparameters()
        check_trainer(self)
        self.join_processes()
        self.choose_device()

    def fit(
        self,
        model: 'Module',
        data: Any = None,
        ckpt_path: str | Path | None = None,
        init_params: Mapping[str, np.ndarray] | Callable | None = None,
    ) -> None:
        """Trains `model` on `data` until `max_epochs` or `max_steps` are reached.

        `ckpt_path`: a checkpoint to go on from. `init_params`: NumPy arrays to start from, by the
        names that `save_parameters` gives them, or a function that is given the model's own and
        returns those, as `xavier_uniform(seed)` is. Ctrl-C ends training between two steps, with
        everything in a consistent state, and then raises KeyboardInterrupt.

        Raises TypeError, ValueError or FileError, before any training, for what does not fit;
        MemoryError if the GPU runs out of memory.
        """
        check_arguments(self, model, data)
        check_precision(self, model)
        self.join_processes()
        __tracebackhide__ = True  # IPython and pytest leave out such frames
        with memory_errors(self), too_small_inputs(self), self.placement(), self.processes.lost():
            self._fit(model, data, ckpt_path, init_params)

    def _fit(self, model, data, ckpt_path, init_params):
        __tracebackhide__ = True
        self.times = EpochTimes()
        self.prepare_data(data)
        self.track_loaders(data)
        self.metrics = Metrics(self)
        self.epoch = self.train_batch_idx = self.val_batch_idx = self.steps_done = 0
        self.batches_in_epoch = None  # the number of steps done of an epoch that is not complete
        self.random_to_resume = None
        self.should_stop = False
        self.schedulers = []  # callbacks that step schedulers of learning rates
        self.compiled = None  # the steps are not compiled yet; False: they cannot be
        self.fallback_reason = ''  # why they cannot be, to be told once
        self.prepare_model(model)
        self.prepare_parameters(init_params)
        self.prepare_processes()
        self.prepare_optimizer()
        self.arithmetic.prepare(self)
        with self.own_random_numbers():
            ckpt_path = ckpt_path or self.checkpoint_after_restart()
            if ckpt_path is not None:
                checkpoint.load_checkpoint(self, ckpt_path)
            self.label_check = label_check(self, model)
            self.keep_random_state = not self._draws_in_steps_only()
            self.prepare_callbacks()
            self._train(model)

    def _train(self, model):
        __tracebackhide__ = True
        self.fitting = True
        try:
            with memory_errors(self):  # here too, so that callbacks are told of this error
                self._fit_epochs()
        except BaseException as error:
            self.notify('on_exception', error)
            raise
        finally:
            self.fitting = False
            self.set_training(False)
            self.metrics.flush()
            model.board.finish()

    def _fit_epochs(self):
        __tracebackhide__ = True
        self.notify('on_fit_start')
        for epoch in itertools.count(len(self.history)):
            if self.is_done(epoch):
                break
            self.epoch = epoch
            self.notify('on_train_epoch_start')
            self.run_epoch()
            if self.val_dataloader is not None:
                self.notify('on_validation_epoch_end')
            self.notify('on_train_epoch_end')
            if self.processes.any(self.should_stop):
                break
        self.notify('on_fit_end')

    def is_done(self, epoch: int) -> bool:
        """Returns True if there is nothing to train in `epoch`, counted from 0."""
        after_the_last = self.max_epochs is not None and epoch >= self.max_epochs
        return after_the_last or self.steps_left() <= 0

    def steps_left(self) -> float:
        """The number of steps until `max_steps`, infinite without it."""
        return math.inf if self.max_steps is None else self.max_steps - self.steps_done

    def run_epoch(self) -> None:
        """Trains for one epoch, and adds it to the history."""
        __tracebackhide__ = True
        self.times.begin()
        self.batches_in_epoch = self.train_dataloader.skip
        self.val_batch_idx_at_start = self.val_batch_idx
        self.random_at_epoch = random_state(self) if self.keep_random_state else None
        with in_precision(self):
            self.fit_epoch()
        self.batches_in_epoch = None
        row = self.metrics.close_epoch(self.epoch)
        self.wait()  # the last update may still be under way
        row.update(self.times.end())

    def fit_epoch(self) -> None:
        """One pass over the training data and one over the validation data."""
        raise NotImplementedError('each backend defines fit_epoch')

    def wait(self) -> None:
        """Waits until the device has computed all that it was given."""
        raise NotImplementedError('each backend defines wait')

    def current_lr(self) -> float | None:
        """The learning rate of the next step, a float; None if the optimizer tells none."""
        lr = getattr(self.optim, 'lr', None)
        return None if lr is None else float(lr)

    @property
    def history(self) -> list[dict]:
        """A dictionary for each epoch that is complete; an empty list before `fit`."""
        return self.metrics.history if 'metrics' in vars(self) else []

    def __repr__(self) -> str:
        """One line: how it was made, and how far it has trained what."""
        line = with_arguments(self)
        if not hasattr(self, 'model'):
            return line
        last = self.history[-1] if self.history else {}
        shown = [f'{key} {last[key]:.4g}' for key in last if key not in NO_METRICS]
        epochs = f'{len(self.history)} epoch{"s" * (len(self.history) != 1)}'
        return ', '.join([f'{line}: {type(self.model).__name__}, {epochs}', *shown])

    def history_frame(self) -> 'pandas.DataFrame':
        """The history as a pandas DataFrame, with a row for each epoch."""
        return import_for('history_frame', 'pandas').DataFrame(self.history)

    def numbers(self, values: Sequence) -> list[float]:
        """Scalars of the framework as plain numbers."""
        return [float(value) for value in values]
