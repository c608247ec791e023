"""A built-in model trained on one backend, with every step of it recorded as NumPy arrays."""

import contextlib
import dataclasses
from collections.abc import Iterator
from operator import attrgetter

import numpy as np

from d2lite import seeds, selection
from d2lite.parity.problem import MODELS, PrecisionError, Problem
from d2lite.training.callbacks import Callback

NO_CLIPPING = 1e30  # clip_gradients is called, and leaves every gradient as it is


@dataclasses.dataclass
class TrainingRecord:
    """The numbers of a training, an entry for each step, in the precision it was computed in."""

    backend: str
    version: str
    model: str
    loss: np.ndarray  # (steps,), before the step
    gradient_norm: np.ndarray  # (steps,), before clipping
    w: np.ndarray  # (steps, d, 1), after the step
    b: np.ndarray  # (steps, 1)

    @property
    def parameters(self) -> np.ndarray:
        """w and b of each step in one row, (steps, d + 1)."""
        return np.hstack([self.w[:, :, 0], self.b])


def record_training(backend: str, model: str, problem: Problem) -> TrainingRecord:
    """Trains a built-in model on one backend and records every step.

    `model`: 'LinearRegressionScratch' or 'LinearRegression'. Raises BackendError for an unknown or
    missing backend, PrecisionError where something is not computed in the problem's dtype.
    """
    if model not in MODELS:
        raise ValueError(f'no model {model!r} to train: there are {", ".join(MODELS)}')
    d2l = selection.load(backend)
    state = seeds.get_state()  # making a model draws seeds, also where they are not used
    try:
        with _precision(d2l.Module.backend, problem.dtype):
            recorder = _train(d2l, model, problem)
    finally:
        seeds.set_state(state)
    for quantity, dtype in recorder.dtypes.items():
        if dtype != problem.dtype:
            raise PrecisionError(
                f'{model} on {d2l.Module.backend} was to be computed in {problem.dtype}, but its '
                f'{quantity} is {dtype}'
            )
    w, b = (np.stack([step[name] for step in recorder.parameters]) for name in MODELS[model])
    columns = [np.stack(recorder.losses), np.array(recorder.norms), w, b]
    return TrainingRecord(
        d2l.Module.backend,
        d2l.framework.version(),
        model,
        *(column[: problem.num_steps] for column in columns),
    )


class _Recorder(Callback):
    """Keeps the losses, gradient norms and parameters of a training, and their dtypes."""

    def __init__(self):
        self.losses, self.norms, self.parameters, self.dtypes = [], [], [], {}

    def keep_loss(self, loss) -> None:
        self.losses.append(self._seen('loss', loss).reshape(()))

    def keep_gradients(self, grads) -> None:
        grads = [self._seen('gradient', grad).astype(np.float64) for grad in grads]
        self.norms.append(np.sqrt(sum(np.sum(grad**2) for grad in grads)))

    def on_train_batch_end(self, trainer, model) -> None:
        arrays = trainer.get_parameters()
        self.parameters.append({name: self._seen(name, arrays[name]) for name in arrays})

    def _seen(self, quantity, array):
        self.dtypes[quantity] = array.dtype.name
        return np.array(array)


def _train(d2l, name: str, problem: Problem) -> _Recorder:
    recorder = _Recorder()
    tensor = d2l.SyntheticRegressionData.tensor
    model_class = _recorded_model(d2l, name, recorder)
    if name == 'LinearRegressionScratch':
        model = model_class(len(problem.w), lr=problem.lr)
    else:
        model = model_class(lr=problem.lr)
        if d2l.Module.backend in ('pytorch', 'mxnet'):
            # Their layers are made in float32, and take over the dtype of `init_params` after that.
            model.apply_init((tensor(problem.X[:1].astype(np.float32)),))
    model.board.display, model.plot_train_per_epoch = False, 0
    trainer = _recording_trainer(d2l, MODELS[name], recorder)(
        problem.num_epochs,
        gradient_clip_val=problem.gradient_clip_val or NO_CLIPPING,
        compile=False,
        callbacks=[recorder],
    )
    init_params = dict(zip(MODELS[name], (problem.w, problem.b), strict=True))
    trainer.fit(model, _data(d2l, problem), init_params=init_params)
    return recorder


def _recorded_model(d2l, name, recorder):
    class RecordedModel(getattr(d2l, name)):
        def training_step(self, *args):
            result = loss = super().training_step(*args)
            while isinstance(loss, tuple):  # on JAX (loss or (loss, updates), gradients)
                loss = loss[0]
            recorder.keep_loss(d2l.numpy(loss))
            return result

    return RecordedModel


def _recording_trainer(d2l, names, recorder):
    class RecordingTrainer(d2l.Trainer):
        def clip_gradients(self, grad_clip_val, model_or_grads):
            recorder.keep_gradients(map(d2l.numpy, _gradients(model_or_grads)))
            return super().clip_gradients(grad_clip_val, model_or_grads)

    def _gradients(given):
        # PyTorch's and MXNet's gradients are found at the parameters, the others' are handed over.
        if isinstance(given, d2l.Module):
            params = [attrgetter(name)(given) for name in names]
            # Gluon's parameters have their array behind a method.
            arrays = [p.data() if callable(getattr(p, 'data', None)) else p for p in params]
            return [array.grad for array in arrays]
        if isinstance(given, dict):
            return [leaf for each in given.values() for leaf in _gradients(each)]
        return list(given) if isinstance(given, list | tuple) else [given]

    return RecordingTrainer


def _data(d2l, problem):
    class ArrayData(d2l.DataModule):
        def __init__(self):
            self.batch_size = problem.batch_size
            self._seed, self._num_loaders = problem.seed, 0  # instead of the library's next seed
            tensor = d2l.SyntheticRegressionData.tensor
            self.tensors = tensor(problem.X), tensor(problem.y)

        def get_dataloader(self, train):
            return self.get_tensorloader(self.tensors, train) if train else None

    return ArrayData()


@contextlib.contextmanager
def _precision(backend: str, dtype: str) -> Iterator[None]:
    """Settings with which a framework computes in float64, undone afterwards."""
    if dtype == 'float64' and backend == 'jax':
        import jax

        with jax.enable_x64(True):
            yield
    elif dtype == 'float64' and backend == 'tensorflow':
        from d2lite_tensorflow.framework import keras

        # The policy is for layers, the other setting for losses and learning rates.
        floatx, policy = keras.backend.floatx(), keras.mixed_precision.global_policy()
        keras.backend.set_floatx(dtype)
        keras.mixed_precision.set_global_policy(dtype)
        try:
            yield
        finally:
            keras.backend.set_floatx(floatx)
            keras.mixed_precision.set_global_policy(policy)
    else:
        yield
