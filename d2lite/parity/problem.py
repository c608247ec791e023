"""A training that every backend is given: model, data, initial parameters, and the reference."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from d2lite.parity import reference
from d2lite.parity.tape import Value


class PrecisionError(TypeError):
    """A backend computes in another precision than it was asked for."""


class Tolerance(NamedTuple):
    """The largest deviation allowed, relative to the scale of the values (see `comparison`)."""

    step: float  # of one step, the reference starting from the backend's parameters
    run: float  # of all steps so far, both having started from the same parameters


# float32 rounds each operation to 6e-8 of its result, float64 to 1.1e-16. A step of a network is
# some hundred operations and sums in a row, whose order is the framework's choice, and the steps
# after it enlarge what it has rounded, in these trainings less than a hundred times.
TOLERANCES = {'float32': Tolerance(1e-5, 1e-4), 'float64': Tolerance(1e-12, 1e-12)}


@dataclasses.dataclass
class Problem:
    """A training by plain SGD, the same everywhere.

    `make(d2l, lr)` makes the model on a backend. `loss(parameters, *batch)` is the reference's, in
    the operations of `d2lite.parity.tape`. `arrays`: inputs and labels, with the examples first;
    images have their channels last, and integers are labels or tokens. `start`: the initial
    parameters by their neutral names. Both are taken in `dtype`, 'float32' or 'float64'. `fixed`:
    the last parts of names of what is not trained, such as 'running_mean'; it is not compared.
    `num_steps`: by default three epochs. `gradient_clip_val`: 0 clips nothing. `loss_scale`: the
    loss of a model that has learned nothing.

    MXNet's own SGD rounds the learning rate to float32, whatever the dtype; the default is a power
    of 2, which no rounding changes. Raises ValueError for what does not fit.
    """

    model: str
    make: Callable[[ModuleType, float], Any]
    loss: Callable[..., Value]
    arrays: Sequence[np.ndarray]
    start: Mapping[str, np.ndarray]
    fixed: Sequence[str] = ()
    batch_size: int = 16
    num_steps: int | None = None
    lr: float = 1 / 32
    gradient_clip_val: float = 0
    loss_scale: float = 0
    tolerances: Mapping[str, Tolerance] = dataclasses.field(default_factory=lambda: TOLERANCES)
    dtype: str = 'float32'
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dtype not in ('float32', 'float64'):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {self.dtype!r}")
        self.arrays = tuple(map(self._in_dtype, self.arrays))
        self.start = {name: self._in_dtype(array) for name, array in self.start.items()}
        n = len(self.arrays[0])
        if any(len(array) != n for array in self.arrays):
            shapes = [array.shape for array in self.arrays]
            raise ValueError(f'inputs and labels must have as many examples, got shapes {shapes}')
        if self.batch_size < 1:
            raise ValueError(f'batch_size must be at least 1, got {self.batch_size}')
        steps_per_epoch = -(-n // self.batch_size)
        self.num_steps = 3 * steps_per_epoch if self.num_steps is None else self.num_steps
        if self.num_steps < 1:
            raise ValueError(f'the number of steps must be at least 1, got {self.num_steps}')
        self.num_epochs = -(-self.num_steps // steps_per_epoch)

    def _in_dtype(self, array):
        array = np.asarray(array)
        return array if np.issubdtype(array.dtype, np.integer) else array.astype(self.dtype)

    @property
    def tolerance(self) -> Tolerance:
        return self.tolerances[self.dtype]

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The part of `start` that is trained."""
        return {n: a for n, a in self.start.items() if n.rpartition('.')[2] not in self.fixed}

    def batches(self) -> list[tuple[np.ndarray, ...]]:
        """Each step's minibatch."""
        seed = [self.seed, 1]  # a DataModule's first loader appends a 1 to its seed
        n = len(self.arrays[0])
        rows = reference.minibatches(n, self.batch_size, self.num_epochs, seed)
        return [tuple(array[each] for array in self.arrays) for each in rows[: self.num_steps]]

    def expected(self) -> list[reference.ReferenceStep]:
        """The reference's training, computed once."""
        if not hasattr(self, '_expected'):
            self._expected = self.trained(self.parameters, self.batches())
        return self._expected

    def trained(
        self, parameters: Mapping[str, np.ndarray], batches: Sequence[tuple]
    ) -> list[reference.ReferenceStep]:
        """The reference's steps on these minibatches from these parameters."""
        return reference.train(self.loss, parameters, batches, self.lr, self.gradient_clip_val)
