"""Do the backends compute the same thing? Each is traced step by step and set against the referee.

problem ─► trace(backend, model, problem) ─► compare(traces, problem) ─► report: the table, 0 or 1
"""

import contextlib
import dataclasses
import importlib
import sys
from typing import NamedTuple

import numpy as np

from d2lite import reference, seeds, selection

__all__ = ['MODELS', 'PrecisionError', 'Problem', 'Trace', 'compare', 'report', 'trace']


class Tolerance(NamedTuple):
    """Largest deviation allowed, relative to the scale of the values (see `scales`)."""

    step: float  # after one step, the referee starting from where the backend was before it
    run: float  # after all steps so far, both from the same start


# float32 rounds each operation to 6e-8 of its result. A step is a few operations and sums over the
# batch and the features, whose order is the framework's choice: 1e-6 leaves room for 16 roundings
# in a row. SGD that converges contracts, so errors of earlier steps at most add up; being of random
# sign, those of three epochs (94 steps of 32 examples of 1,000) add up to about sqrt(94) = 10 times
# one step's: 1e-5. float64 rounds to 1.1e-16; even if all roundings of thousands of steps had the
# same sign they stayed below 1e-12, and anything computed in float32 on the way is far above it.
TOLERANCES = {'float32': Tolerance(1e-6, 1e-5), 'float64': Tolerance(1e-12, 1e-12)}

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
    of 2, which no rounding changes. Raises ValueError for shapes that do not fit.
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
        if self.dtype not in TOLERANCES:
            raise ValueError(f'dtype must be one of {list(TOLERANCES)}, got {self.dtype!r}')
        arrays = {name: np.asarray(getattr(self, name), self.dtype) for name in 'Xywb'}
        n, d = arrays['X'].shape if arrays['X'].ndim == 2 else ('n', 'd')
        for name, shape in {'X': (n, d), 'y': (n, 1), 'w': (d, 1), 'b': (1,)}.items():
            if arrays[name].shape != shape:
                text = str(shape).replace("'", '')
                raise ValueError(f'{name} must have shape {text}, got {arrays[name].shape}')
            setattr(self, name, arrays[name])
        self.steps_per_epoch = -(-n // self.batch_size)
        self.num_steps = 3 * self.steps_per_epoch if self.num_steps is None else self.num_steps
        if self.num_steps < 1:
            raise ValueError(f'num_steps must be at least 1, got {self.num_steps}')
        self.num_epochs = -(-self.num_steps // self.steps_per_epoch)

    @classmethod
    def standard(cls, num_steps=None, dtype='float32', seed=0):
        """The lesson's: 1,000 examples of two features, y = 2 x1 - 3.4 x2 + 4.2 and noise."""
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((1000, 2))
        y = X @ [[2.0], [-3.4]] + 4.2 + 0.01 * rng.standard_normal((1000, 1))
        w = 0.01 * rng.standard_normal((2, 1))
        return cls(X, y, w, np.zeros(1), num_steps=num_steps, dtype=dtype, seed=seed)

    @property
    def batches(self):
        # A DataModule's first loader appends a 1 to its seed.
        seed = [self.seed, 1]
        all_of_them = reference.minibatches(len(self.X), self.batch_size, self.num_epochs, seed)
        return all_of_them[: self.num_steps]


@dataclasses.dataclass
class Trace:
    """What one backend computed: for each step an entry of each array, in the precision it had."""

    backend: str
    version: str
    model: str
    loss: np.ndarray  # (steps,), before the step
    gradient_norm: np.ndarray  # (steps,), before clipping
    w: np.ndarray  # (steps, d, 1), after the step
    b: np.ndarray  # (steps, 1)


def trace(backend, model, problem):
    """Trains a built-in model on one backend and records every step, as a Trace.

    `model`: 'LinearRegressionScratch' or 'LinearRegression'. Raises BackendError for an unknown or
    missing backend, PrecisionError where the model is not computed in the problem's dtype.
    """
    if model not in MODELS:
        raise ValueError(f'parity knows the models {", ".join(MODELS)}, got {model!r}')
    d2l = selection.load(backend)
    state = seeds.get_state()
    with _precision(d2l.Module.backend, problem.dtype):
        trainer = _train(d2l, model, problem)
    seeds.set_state(state)
    w, b = MODELS[model]
    found = Trace(
        d2l.Module.backend,
        d2l.framework.version(),
        model,
        np.stack(trainer.losses),
        np.array(trainer.norms),
        np.stack([arrays[w] for arrays in trainer.parameters]),
        np.stack([arrays[b] for arrays in trainer.parameters]),
    )
    for name, dtype in trainer.dtypes.items():
        if dtype != problem.dtype:
            raise PrecisionError(
                f'{model} on {found.backend} was asked for {problem.dtype}, but its {name} '
                f'came out as {dtype}'
            )
    return found


def _train(d2l, name, problem):
    """A trainer that has trained, with its lists `losses`, `norms` and `parameters`."""
    tensor = d2l.SyntheticRegressionData.tensor

    class Data(d2l.DataModule):
        def __init__(self):
            self.batch_size = problem.batch_size
            self._seed, self._num_loaders = problem.seed, 0  # not the next one of the library's
            self.tensors = tensor(problem.X), tensor(problem.y)

        def get_dataloader(self, train):
            return self.get_tensorloader(self.tensors, train) if train else None

    class Recorder(d2l.Trainer):
        losses, norms, parameters, dtypes = [], [], [], {}

        def record(self, label, value):
            super().record(label, value)
            self.losses.append(self.seen('loss', value).reshape(()))

        def clip_gradients(self, grad_clip_val, model_or_grads):
            grads = [self.seen('gradient', grad) for grad in _gradients(d2l, model_or_grads)]
            self.norms.append(np.sqrt(sum(np.sum(grad.astype(np.float64) ** 2) for grad in grads)))
            return super().clip_gradients(grad_clip_val, model_or_grads)

        def _after_step(self):
            arrays = self.state_of.get_parameters(self)
            self.parameters.append({name: self.seen(name, arrays[name]) for name in MODELS[name_]})
            super()._after_step()

        def seen(self, what, value):
            array = np.array(d2l.numpy(value))
            self.dtypes[what] = array.dtype.name
            return array

    return Recorder, Data
