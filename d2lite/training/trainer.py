"""Trainer: the loop that is the same on every backend. What differs is `fit_epoch`.

prepare_data ─► prepare_model ─► prepare_optimizer ─► fit_epoch, max_epochs times
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from d2lite.console import warn
from d2lite.hyperparameters import HyperParameters
from d2lite.saving import checkpoint
from d2lite.training.arguments import check_arguments, check_trainer, count_batches
from d2lite.training.batches import inputs_of
from d2lite.training.callbacks import Callback
from d2lite.training.compiled import compiled_epoch
from d2lite.training.labels import label_check
from d2lite.training.loop_callbacks import loop_callbacks
from d2lite.training.memory_error import memory_errors
from d2lite.training.metrics import Metrics
from d2lite.training.placement import TrainsOnDevice
from d2lite.training.precision import check_precision, in_precision
from d2lite.training.saved_parameters import SavesParameters
from d2lite.training.tracked_loader import TrackedLoader

if TYPE_CHECKING:
    import pandas

    from d2lite.training.module import Module

__all__ = ['Trainer']


class Trainer(TrainsOnDevice, SavesParameters, HyperParameters):
    """Trains a Module on a DataModule.

    `max_epochs`: passes over the training data. `num_gpus`: 1 trains on the first GPU, 0 on the
    CPU. `gradient_clip_val`: gradients are scaled down to this norm, 0 leaves them as they are.
    `checkpoint_every`: writes a checkpoint to `checkpoint_path` after so many steps.
    `detect_anomaly`: stops with FloatingPointError at the first loss that is no finite number.
    `compile`: None compiles the steps on JAX and TensorFlow, and hybridizes the layers on MXNet;
    True also uses torch.compile on PyTorch, and XLA on TensorFlow; False makes each step as it is
    written.
    `callbacks`: a list of `d2l.Callback`s. `precision`: '32' computes in float32, 'tf32' lets a GPU
    round what it multiplies, 'bf16-mixed' and '16-mixed' compute layers in bfloat16 or float16 and
    keep parameters in float32. While and after `fit`: `epoch`, `train_batch_idx` and
    `val_batch_idx` count from 0, and `history` has a dictionary for each epoch with the means over
    its batches of what the model plotted (`train_loss`, `val_loss`, ...), and its `seconds`.
    Definition: d2l, section "Object-Oriented Design for Implementation".
    """

    backend = None  # the name of the backend, set in each backend's subclass
    compiled_class = None  # and its class CompiledEpoch,
    compile_modes = ()  # and for which values of `compile` it is used
    arithmetic = None  # and its module `precision`

    # What a subclass's own __init__ need not set.
    num_gpus = gradient_clip_val = 0
    checkpoint_every, checkpoint_path = None, 'checkpoint.safetensors'
    detect_anomaly, compile, callbacks, precision, gpus = False, None, (), '32', ()
    moves_to = None  # the device that model and data are moved to, None if they lie there already
    fitting = False  # True within `fit`, while epochs run

    def __init__(
        self,
        max_epochs: int,
        num_gpus: int = 0,
        gradient_clip_val: float = 0,
        checkpoint_every: int | None = None,
        checkpoint_path: str | Path = 'checkpoint.safetensors',
        detect_anomaly: bool = False,
        compile: bool | None = None,
        callbacks: Sequence[Callback] = (),
        precision: str = '32',
    ) -> None:
        self.save_hyperparameters()
        check_trainer(self)
        self.choose_device()

    def fit(
        self,
        model: 'Module',
        data: Any = None,
        ckpt_path: str | Path | None = None,
        init_params: Mapping[str, np.ndarray] | Callable | None = None,
    ) -> None:
        """Trains `model` on `data` for `max_epochs` epochs.

        `ckpt_path`: a checkpoint to go on from. `init_params`: NumPy arrays to start from, by the
        names that `save_parameters` gives them, or a function that is given the model's own and
        returns those, as `xavier_uniform(seed)` is. Ctrl-C ends training between two steps, with
        everything in a consistent state, and then raises KeyboardInterrupt.

        Raises TypeError, ValueError or FileError, before any training, for what does not fit;
        MemoryError if the GPU runs out of memory.
        """
        check_arguments(self, model, data)
        check_precision(self, model)
        with memory_errors(self), self.placement():
            self._fit(model, data, ckpt_path, init_params)

    def _fit(self, model, data, ckpt_path, init_params):
        self.prepare_data(data)
        self.metrics = Metrics(self)
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0
        self.batches_in_epoch = None  # the number of steps done of an epoch that is not complete
        self.random_to_resume = None
        self.should_stop = False
        self.schedulers = []  # callbacks that step schedulers of learning rates
        self.compiled = None  # the steps are not compiled yet; False: they cannot be
        self.fallback_reason = ''  # why they cannot be, to be told once
        self.prepare_model(model)
        self.prepare_parameters(init_params)
        self.prepare_optimizer()
        self.arithmetic.prepare(self)
        if ckpt_path is not None:
            checkpoint.load_checkpoint(self, ckpt_path)
        self.label_check = label_check(self, model)
        self.keep_random_state = not self._draws_in_steps_only()
        self.running_callbacks = [*self.schedulers, *self.callbacks, *loop_callbacks(self)]
        self.batch_callbacks = [
            callback
            for callback in self.running_callbacks
            if type(callback).on_train_batch_end is not Callback.on_train_batch_end
        ]
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
        self.notify('on_fit_start')
        for epoch in range(len(self.history), self.max_epochs):
            self.epoch = epoch
            self.notify('on_train_epoch_start')
            self.run_epoch()
            if self.val_dataloader is not None:
                self.notify('on_validation_epoch_end')
            self.notify('on_train_epoch_end')
            if self.should_stop:
                break
        self.notify('on_fit_end')

    def run_epoch(self) -> None:
        start = time.perf_counter()
        self.batches_in_epoch = self.train_dataloader.skip
        self.val_batch_idx_at_start = self.val_batch_idx
        self.random_at_epoch = checkpoint.random_state(self) if self.keep_random_state else None
        with in_precision(self):
            self.fit_epoch()
        self.batches_in_epoch = None
        row = self.metrics.close_epoch(self.epoch)
        row['seconds'] = time.perf_counter() - start

    def notify(self, method: str, *arguments: Any) -> None:
        """Calls a method of each callback."""
        for callback in self.running_callbacks:
            getattr(callback, method)(self, self.model, *arguments)

    def on_steps_end(self, count: int) -> None:
        """Called when `count` more steps are complete."""
        if not self.fitting:
            return  # somebody iterates over the loader outside of `fit`
        self.batches_in_epoch += count
        if self.fallback_reason:
            warn(
                f'{type(self.model).__name__} trains step by step, slower than compiled: '
                f'{self.fallback_reason}. Trainer(compile=False) does so without this warning.'
            )
            self.fallback_reason = ''
        for callback in self.batch_callbacks:
            every_n = callback.every_n_train_steps
            if every_n is None or self.train_batch_idx % every_n == 0:
                callback.on_train_batch_end(self, self.model)

    def steps_until_callback(self, limit: int) -> int:
        """The number of steps, at most `limit`, until a callback is due."""
        periods = [callback.every_n_train_steps for callback in self.batch_callbacks]
        return min([limit, *(n - self.train_batch_idx % n for n in periods if n is not None)])

    def may_change_between_steps(self) -> bool:
        """Returns True if a callback is called after certain steps, and may change what is read."""
        return any(callback.every_n_train_steps for callback in self.batch_callbacks)

    def compiles(self) -> bool:
        """Returns True if the steps of this epoch are compiled; `fit_epoch` asks at its start."""
        if self.compile not in self.compile_modes:
            return False
        self.compiled = compiled_epoch(self)
        return bool(self.compiled)

    def _before_steps(self):
        if self.random_to_resume is not None:
            checkpoint.set_random_state(self, self.random_to_resume)
            self.random_to_resume = None

    def _draws_in_steps_only(self):
        """Returns True if no random numbers are drawn in an epoch before its first step.

        d2lite's own loader draws none, nor does its own `fit_epoch`.
        """
        modules = self.fit_epoch.__module__, type(self.train_dataloader.dataloader).__module__
        return all(module.startswith('d2lite') for module in modules)

    def prepare_data(self, data: Any) -> None:
        """Takes the dataloaders from `data`, counts their batches, and puts them on the GPU."""
        train_dataloader, val_dataloader = data.train_dataloader(), data.val_dataloader()
        self.num_train_batches = count_batches(train_dataloader, 'train_dataloader')
        self.num_val_batches = 0
        if val_dataloader is not None:
            self.num_val_batches = count_batches(val_dataloader, 'val_dataloader')
            val_dataloader = TrackedLoader(
                self.on_device(val_dataloader),
                lambda: None,
                self._after_validation,
                'val_dataloader',
            )
        self.train_dataloader = TrackedLoader(
            self.on_device(train_dataloader),
            self._before_steps,
            self.on_steps_end,
            'train_dataloader',
        )
        self.val_dataloader = val_dataloader

    def _after_validation(self, count):
        if self.fitting:
            self.interruption.check()

    def prepare_parameters(self, init_params: Mapping[str, np.ndarray] | Callable | None) -> None:
        """Sets the parameters that training starts from: as the model made them, or as given."""
        if init_params is not None:
            self.serialization.build(self, self.first_batch())
            if callable(init_params):
                init_params = init_params(self.serialization.get_parameters(self))
            self._set_parameters(init_params, 'init_params')

    def first_batch(self) -> Any:
        """A minibatch, from which layers can learn their shapes."""
        return self.prepare_batch(self.train_dataloader.first_batch())

    def first_inputs(self) -> tuple:
        """The inputs of a minibatch, from which layers can learn their shapes."""
        return inputs_of(self.first_batch())

    def prepare_model(self, model: 'Module') -> None:
        """Makes the model report to this trainer, and moves it to the GPU if there is one."""
        model.trainer = self
        model.board.begin(xlim=[0, self.max_epochs], xlabel='epoch')
        if self.moves_to is not None:
            self.move_model(model)
        self.model = model

    def prepare_optimizer(self) -> None:
        """Asks the model for its optimizer. Raises TypeError if it returns something else."""
        optim = self.model.configure_optimizers()
        if optim is None:
            raise TypeError(
                f'{type(self.model).__name__}.configure_optimizers() returned nothing: it must '
                f'return the optimizer, e.g. return d2l.SGD(...)'
            )
        if type(optim) in (tuple, list, dict):
            raise TypeError(
                f'{type(self.model).__name__}.configure_optimizers() returned a '
                f'{type(optim).__name__}: on {self.backend} it must return the optimizer alone'
            )
        self.optim = optim

    def set_training(self, training: bool) -> None:
        """Tells the model if it is trained now, or validated."""
        self.model.training = training

    def fit_epoch(self) -> None:
        """One pass over the training data and one over the validation data."""
        raise NotImplementedError('each backend defines fit_epoch')

    def current_lr(self) -> float | None:
        """The learning rate of the next step, a float; None if the optimizer tells none."""
        lr = getattr(self.optim, 'lr', None)
        return None if lr is None else float(lr)

    @property
    def history(self) -> list[dict]:
        """A dictionary for each epoch that is complete; an empty list before `fit`."""
        return self.metrics.history if 'metrics' in vars(self) else []

    def history_frame(self) -> 'pandas.DataFrame':
        """The history as a pandas DataFrame, with a row for each epoch."""
        import pandas

        return pandas.DataFrame(self.history)

    def numbers(self, values: Sequence) -> list[float]:
        """Scalars of the framework as plain numbers."""
        return [float(value) for value in values]
