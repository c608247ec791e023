"""A built-in model trained on one backend, with every step of it recorded as NumPy arrays."""

import contextlib
import dataclasses
from operator import attrgetter

import numpy as np

from d2lite import seeds, selection
from d2lite.parity import reference

__all__ = ['MODELS', 'PrecisionError', 'Problem', 'Trace', 'trace']

# The built-in models, and the names of w (d, 1) and b (1,) among their parameters.
MODELS = {
    'LinearRegressionScratch': ('w', 'b'),
    'LinearRegression': ('net.weight', 'net.bias'),
}

NO_CLIPPING = 1e30  # the hook of clipping is called, and leaves every gradient as it is


class PrecisionError(TypeError):
    """A backend computes in another precision than it was asked for."""


@dataclasses.dataclass
class Problem:
    """A linear regression to be trained in the same way everywhere.

    `X` (n, d), `y` (n, 1), initial parameters `w` (d, 1) and `b` (1,): taken in `dtype`, 'float32'
    or 'float64'. `num_steps`: by default three epochs. `gradient_clip_val`: 0 clips nothing.

    MXNet's own SGD rounds the learning rate to float32, whatever the dtype; the default is a power
    of 2, which no rounding changes. Raises ValueError for what does not fit.
    """

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray
    b: np.ndarray
    batch_size: int = 32
    num_steps: int | None = None
    lr: float = 1 / 32
    gradient_clip_val: float = 0
    dtype: str = 'float32'
    seed: int = 0

    def __post_init__(self):
        if self.dtype not in ('float32', 'float64'):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {self.dtype!r}")
        arrays = {name: np.asarray(getattr(self, name), self.dtype) for name in 'Xywb'}
        n, d = arrays['X'].shape if arrays['X'].ndim == 2 else ('n', 'd')
        for name, shape in {'X': (n, d), 'y': (n, 1), 'w': (d, 1), 'b': (1,)}.items():
            if arrays[name].shape != shape:
                wanted = str(shape).replace("'", '')
                raise ValueError(f'{name} must have shape {wanted}, got {arrays[name].shape}')
            setattr(self, name, arrays[name])
        if self.batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {self.batch_size}')
        steps_per_epoch = -(-n // self.batch_size)
        self.num_steps = 3 * steps_per_epoch if self.num_steps is None else self.num_steps
        if self.num_steps < 1:
            raise ValueError(f'the number of steps must be at least 1, got {self.num_steps}')
        self.num_epochs = -(-self.num_steps // steps_per_epoch)

    @classmethod
    def standard(cls, num_steps=None, dtype='float32', seed=0):
        """The lesson's: 1,000 examples of two features, y = 2 x1 - 3.4 x2 + 4.2 and noise."""
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((1000, 2))
        y = X @ [[2.0], [-3.4]] + 4.2 + 0.01 * rng.standard_normal((1000, 1))
        w = 0.01 * rng.standard_normal((2, 1))
        return cls(X, y, w, np.zeros(1), num_steps=num_steps, dtype=dtype, seed=seed)

    def batches(self):
        """The rows of each step's minibatch."""
        seed = [self.seed, 1]  # a DataModule's first loader appends a 1 to its seed
        rows = reference.minibatches(len(self.X), self.batch_size, self.num_epochs, seed)
        return rows[: self.num_steps]


@dataclasses.dataclass
class Trace:
    """What was computed, an entry for each step, in the precision it was computed in."""

    backend: str
    version: str
    model: str
    loss: np.ndarray  # (steps,), before the step
    gradient_norm: np.ndarray  # (steps,), before clipping
    w: np.ndarray  # (steps, d, 1), after the step
    b: np.ndarray  # (steps, 1)

    @property
    def parameters(self):
        """w and b of each step in one row, (steps, d + 1)."""
        return np.hstack([self.w[:, :, 0], self.b])


def trace(backend, model, problem):
    """Trains a built-in model on one backend and records every step.

    `model`: 'LinearRegressionScratch' or 'LinearRegression'. Raises BackendError for an unknown or
    missing backend, PrecisionError where something is not computed in the problem's dtype.
    """
    if model not in MODELS:
        raise ValueError(f'no model {model!r} to trace: there are {", ".join(MODELS)}')
    d2l = selection.load(backend)
    state = seeds.get_state()  # making a model draws seeds, also where they are not used
    try:
        with _precision(d2l.Module.backend, problem.dtype):
            recorder = _train(d2l, model, problem)
    finally:
        seeds.set_state(state)
    for what, dtype in recorder.dtypes.items():
        if dtype != problem.dtype:
            raise PrecisionError(
                f'{model} on {d2l.Module.backend} was to be computed in {problem.dtype}, but its '
                f'{what} is {dtype}'
            )
    w, b = (np.stack([each[name] for each in recorder.parameters]) for name in MODELS[model])
    columns = [np.stack(recorder.losses), np.array(recorder.norms), w, b]
    return Trace(
        d2l.Module.backend,
        d2l.framework.version(),
        model,
        *(column[: problem.num_steps] for column in columns),
    )


def _train(d2l, name, problem):
    tensor = d2l.SyntheticRegressionData.tensor
    if name == 'LinearRegressionScratch':
        model = d2l.LinearRegressionScratch(len(problem.w), lr=problem.lr)
    else:
        model = d2l.LinearRegression(lr=problem.lr)
        if d2l.Module.backend in ('pytorch', 'mxnet'):
            # Their layers are made in float32, and take over the dtype of `init_params` after that.
            model.apply_init((tensor(problem.X[:1].astype(np.float32)),))
    model.board.display, model.plot_train_per_epoch = False, 0
    clip_val = problem.gradient_clip_val or NO_CLIPPING
    trainer = _recorder(d2l, MODELS[name])(problem.num_epochs, gradient_clip_val=clip_val)
    init_params = dict(zip(MODELS[name], (problem.w, problem.b), strict=True))
    trainer.fit(model, _data(d2l, problem), init_params=init_params)
    return trainer


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


def _recorder(d2l, names):
    class Recorder(d2l.Trainer):
        """Keeps losses, norms of gradients and parameters, and the dtypes that they had."""

        def __init__(self, max_epochs, gradient_clip_val):
            super().__init__(max_epochs, gradient_clip_val=gradient_clip_val)
            self.losses, self.norms, self.parameters, self.dtypes = [], [], [], {}
            self.squares = []

        def record(self, label, value):
            super().record(label, value)
            self.losses.append(self.seen('loss', d2l.numpy(value)).reshape(()))

        def clip_gradients(self, grad_clip_val, model_or_grads):
            for grad in _gradients(model_or_grads):
                self.defer(self.keep_gradient, grad)
            return super().clip_gradients(grad_clip_val, model_or_grads)

        def keep_gradient(self, grad):
            grad = self.seen('gradient', d2l.numpy(grad)).astype(np.float64)
            self.squares.append(np.sum(grad**2))
            if len(self.squares) == len(names):
                self.norms.append(np.sqrt(sum(self.squares)))
                self.squares = []

        def _until_pause(self, most):
            return 1

        def _after_steps(self, count):
            arrays = self.state_of.get_parameters(self)
            self.parameters.append({name: self.seen(name, arrays[name]) for name in arrays})
            super()._after_steps(count)

        def seen(self, what, array):
            self.dtypes[what] = array.dtype.name
            return np.array(array)

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

    return Recorder


@contextlib.contextmanager
def _precision(backend, dtype):
    """What a framework needs beside float64 arrays to compute in float64; undone afterwards."""
    if dtype == 'float64' and backend == 'jax':
        import jax

        # Older releases have it among the experiments.
        x64 = jax.enable_x64 if hasattr(jax, 'enable_x64') else jax.experimental.enable_x64
        with x64(True):
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
