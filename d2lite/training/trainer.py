"""Trainer: the loop that is the same on every backend. What differs is `fit_epoch`.

prepare_data ─► prepare_model ─► prepare_optimizer ─► fit_epoch, max_epochs times
"""

import numbers
import time

from d2lite.console import warn
from d2lite.hyperparameters import HyperParameters
from d2lite.saving import checkpoint
from d2lite.training.arguments import check_arguments, check_count, count_batches
from d2lite.training.plots import Plots
from d2lite.training.progress import ProgressLine
from d2lite.training.purity import Untraceable
from d2lite.training.records import Records
from d2lite.training.steps import Interruption, Steps

__all__ = ['Trainer']


class Trainer(HyperParameters):
    """Trains a Module on a DataModule.

    `max_epochs`: passes over the training data. `num_gpus`: 1 trains on the first GPU, 0 on the
    CPU. `gradient_clip_val`: gradients are scaled down to this norm, 0 leaves them as they are.
    `checkpoint_every`: writes a checkpoint to `checkpoint_path` after so many steps.
    `detect_anomaly`: stops with FloatingPointError at the first loss that is no finite number.
    `compile`: None compiles the steps on JAX and TensorFlow; True does so on all four, by
    torch.compile on PyTorch and with XLA on TensorFlow; False makes each step as it is written.
    While and after `fit`: `epoch`, `train_batch_idx` and `val_batch_idx` count from 0, and
    `history` has a dictionary for each epoch with the means over its batches of what the model
    plotted (`train_loss`, `val_loss`, ...), and its `seconds`. Definition: d2l, section
    "Object-Oriented Design for Implementation".
    """

    backend = None  # the name of the backend, set in each backend's subclass
    state_of = None  # and its module `state`, which reads and sets what a training consists of
    compilation = None  # and its class Compiled, where there is one,
    compiles_if = ()  # and for which values of `compile` it is used
    deferred = None  # while a step is traced: what to do when its values are known

    def __init__(
        self,
        max_epochs,
        num_gpus=0,
        gradient_clip_val=0,
        checkpoint_every=None,
        checkpoint_path='checkpoint.safetensors',
        detect_anomaly=False,
        compile=None,
    ):
        check_count('max_epochs', max_epochs)
        check_count('num_gpus', num_gpus)
        if not isinstance(gradient_clip_val, numbers.Real) or not gradient_clip_val >= 0:
            raise ValueError(f'gradient_clip_val must be a number >= 0, got {gradient_clip_val!r}')
        if checkpoint_every is not None:
            check_count('checkpoint_every', checkpoint_every, at_least=1)
        if compile not in (None, True, False):
            raise ValueError(f'compile must be None, True or False, got {compile!r}')
        if compile and compile not in self.compiles_if:
            raise ValueError(
                f'{self.backend} has no compiled steps in d2lite; leave out compile=True'
            )
        self.save_hyperparameters()
        self.gpus = self.find_gpus()[:num_gpus]
        if len(self.gpus) < num_gpus:
            place = f'{len(self.gpus)} of them' if self.gpus else 'the CPU'
            warn(
                f'num_gpus={num_gpus}, but {self.backend} finds {len(self.gpus)} GPU(s) here: '
                f'training on {place}'
            )
        if len(self.gpus) > 1:
            warn('d2lite trains on one GPU: of those asked for it uses the first')

    def fit(self, model, data=None, ckpt_path=None, init_params=None):
        """Trains `model` on `data` for `max_epochs` epochs.

        `ckpt_path`: a checkpoint to go on from. `init_params`: NumPy arrays to start from, by the
        names that `save_parameters` gives them, or a function that is given the model's own and
        returns those, as `xavier_uniform(seed)` is. Ctrl-C ends training between two steps, with
        everything in a consistent state, and then raises KeyboardInterrupt.

        Raises TypeError, ValueError or FileError, before any training, for what does not fit.
        """
        check_arguments(self, model, data)
        self.prepare_data(data)
        self.records, self.plots = Records(self), Plots(self)
        self.prepare_model(model)
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0
        self.batches_in_epoch = None  # how many are done of an epoch that is not
        self.random_to_resume = None
        self.deferred = None
        self.compiled = None  # not asked yet
        self.uncompiled = ''  # why the steps are not, to be told once
        self.prepare_parameters(init_params)
        self.prepare_optimizer()
        if ckpt_path is not None:
            checkpoint.load_checkpoint(self, ckpt_path)
        self.may_draw_first = self._may_draw_first()
        self.progress_line = ProgressLine(self)
        # Whether anything may have to be done between two steps.
        self.pauses = bool(self.progress_line.shown or self.watched or self.checkpoint_every)
        try:
            with Interruption() as self.interruption:
                for epoch in range(len(self.history), self.max_epochs):
                    self.epoch = epoch
                    self._run_epoch()
        finally:
            self.plots.settle()
            self.progress_line.close()
            model.board.finish()
            model.board.before_reading = None

    def _run_epoch(self):
        start = time.perf_counter()
        self.batches_in_epoch = self.train_dataloader.skip
        self.val_batch_idx_at_start = self.val_batch_idx
        self.random_at_epoch = checkpoint.random_state(self) if self.may_draw_first else None
        self.fit_epoch()
        self.batches_in_epoch = None
        self.plots.close_epoch(time.perf_counter() - start)
        self.progress_line.step()
        self.interruption.check()

    def _may_draw_first(self):
        """Whether anything may draw random numbers in an epoch before its first step.

        d2lite's own loader does not, and its own `fit_epoch`.
        """
        modules = self.fit_epoch.__module__, type(self.train_dataloader.dataloader).__module__
        return not all(module.startswith('d2lite') for module in modules)

    def _before_steps(self):
        if self.random_to_resume is not None:
            checkpoint.set_random_state(self, self.random_to_resume)
            self.random_to_resume = None

    def _after_steps(self, count):
        if self.batches_in_epoch is None:
            return  # somebody looks at the batches after training
        self.batches_in_epoch += count
        if self.pauses or self.interruption.asked:
            self._pause()

    def _pause(self):
        """Between two steps: does what has to be done there, if it is due."""
        self.progress_line.step()
        if self.watched and self.model.board.is_due():
            self.plots.settle()
        if self.checkpoint_every and self.train_batch_idx % self.checkpoint_every == 0:
            self.save_checkpoint(self.checkpoint_path)
        if self.uncompiled:
            warn(self._why_uncompiled())
            self.uncompiled = ''
        self.interruption.check()

    def _until_pause(self, most):
        """How many steps, up to `most`, may be made before something has to happen."""
        if self.checkpoint_every:
            return min(most, self.checkpoint_every - self.train_batch_idx % self.checkpoint_every)
        return most

    def compiles(self):
        """Whether the steps of this training are compiled; asked by `fit_epoch`."""
        if self.compiled is None:
            self.compiled = False
            if self.compile in self.compiles_if:
                compiled = self.compilation(self)
                self.uncompiled = compiled.prepare()
                self.compiled = False if self.uncompiled else compiled
                self.pauses = self.pauses or bool(self.uncompiled)
        return self.compiled is not False

    def _why_uncompiled(self):
        return (
            f'{type(self.model).__name__} trains step by step, slower than compiled: '
            f'{self.uncompiled}. Trainer(compile=False) does so without this warning.'
        )

    def save_parameters(self, path):
        """Writes the trained parameters to `path` (safetensors), for any of the backends."""
        self._require_model('save_parameters')
        checkpoint.save_parameters(self, path)

    def load_parameters(self, path):
        """Gives the trained model the parameters in `path`, from whichever backend wrote them.

        To start a training from them: `fit(model, data, init_params=d2l.load_parameters(path))`.
        Raises FileError if the file cannot be read, ValueError if it does not fit the model.
        """
        self._require_model('load_parameters')
        self._set_parameters(checkpoint.load_parameters(path), path)

    def save_checkpoint(self, path):
        """Writes all that decides how this training goes on to `path`; see `fit(ckpt_path=...)`."""
        self._require_model('save_checkpoint')
        checkpoint.save_checkpoint(self, path)

    def prepare_data(self, data):
        """Takes the dataloaders from `data`, and counts their batches."""
        train_dataloader, val_dataloader = data.train_dataloader(), data.val_dataloader()
        self.num_train_batches = count_batches(train_dataloader, 'train_dataloader')
        self.num_val_batches = 0
        if val_dataloader is not None:
            self.num_val_batches = count_batches(val_dataloader, 'val_dataloader')
            val_dataloader = Steps(
                val_dataloader, lambda: None, lambda _: self.interruption.check()
            )
        self.train_dataloader = Steps(
            train_dataloader, self._before_steps, self._after_steps, self._until_pause
        )
        self.val_dataloader = val_dataloader

    def prepare_parameters(self, init_params):
        """The parameters that training starts from: as the model made them, or as given."""
        if init_params is not None:
            self.state_of.build(self, self.first_batch())
            if callable(init_params):
                init_params = init_params(self.state_of.get_parameters(self))
            self._set_parameters(init_params, 'init_params')

    def first_batch(self):
        """A minibatch, from which layers can learn their shapes."""
        return self.prepare_batch(self.train_dataloader.first_batch())

    def prepare_model(self, model):
        """Makes the model report to this trainer, and moves it to the GPU if there is one."""
        model.trainer = self
        model.board.xlim = [0, self.max_epochs]
        if self.gpus:
            self.move_model(model)
        self.model = model
        model.board.before_reading = self.plots.settle
        self.watched = model.board.is_watched()

    def prepare_optimizer(self):
        """Asks the model for its optimizer."""
        self.optim = self.model.configure_optimizers()

    def prepare_batch(self, batch):
        """The minibatch as the model takes it: on the GPU if there is one."""
        return self.move_batch(batch) if self.gpus else batch

    def set_training(self, training):
        """Tells the model whether it is trained now, or validated."""
        self.model.training = training

    def fit_epoch(self):
        """One pass over the training data and one over the validation data."""
        raise NotImplementedError('each backend defines fit_epoch')

    @staticmethod
    def find_gpus():
        """The GPUs that the framework can train on."""
        raise NotImplementedError('each backend defines find_gpus')

    def move_model(self, model):
        raise NotImplementedError('each backend defines move_model')

    def move_batch(self, batch):
        raise NotImplementedError('each backend defines move_batch')

    @property
    def device(self):
        """Where this trainer trains, in words: 'cpu', or the framework's name of the GPU."""
        return str(self.gpus[0]) if self.gpus else 'cpu'

    @property
    def history(self):
        """A dictionary for each epoch that is complete."""
        self.plots.settle()
        return self.plots.history

    def numbers(self, values):
        """Scalars of the framework as plain numbers."""
        return [float(value) for value in values]

    def defer(self, function, value):
        """Calls `function(value)`: now or, while a step is traced, when the value is known."""
        if self.deferred is None:
            function(value)
        else:
            self.deferred.add(function, value)

    def record(self, label, value):
        """Keeps a value that the model plotted for the history; `detect_anomaly` looks at it."""
        self.records.add(label, value)
        if self.detect_anomaly:
            self.records.check(label, value)

    def records_plainly(self):
        """Whether nothing has to happen at each single record."""
        return not self.detect_anomaly and type(self).record is Trainer.record

    def __getattr__(self, name):
        if name in ('epoch', 'train_batch_idx', 'val_batch_idx') and 'model' in vars(self):
            raise Untraceable(f'trainer.{name} is another in each step')
        raise AttributeError(f'{type(self).__name__!r} object has no attribute {name!r}')

    def _set_parameters(self, arrays, source):
        wanted = self.state_of.get_parameters(self)
        self.state_of.set_parameters(self, checkpoint.matched(arrays, wanted, source))

    def _require_model(self, method):
        if not hasattr(self, 'model'):
            raise RuntimeError(f'{method} needs a model: call fit(model, data) first')
