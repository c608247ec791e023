"""What a comparison needs to know of a model: how it is made, and what it is trained on."""

import dataclasses
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from d2lite.parity.problem import TOLERANCES, Problem, Tolerance
from d2lite.parity.tape import Value

STATISTICS = {'running_mean': 0.0, 'running_var': 1.0}  # of a batch normalisation


@dataclasses.dataclass(frozen=True)
class ParityModel:
    """How a model is made on a backend, and what it is trained on.

    `make`, `loss`, `lr`, `batch_size`, `num_steps` and `tolerances`: as `Problem` has them.
    `data(rng)` returns inputs and labels. `shapes`: those of the parameters, as `named` takes them.
    `fixed`: those that are not trained, by the last parts of their names, and their initial values.
    `float32_only`: why some backends, by name, cannot compute it in float64.
    """

    make: Callable[[ModuleType, float], Any]
    loss: Callable[..., Value]
    data: Callable[[np.random.Generator], tuple[np.ndarray, ...]]
    shapes: Mapping[str, Any]
    fixed: Mapping[str, float] = dataclasses.field(default_factory=lambda: STATISTICS)
    lr: float = 1 / 4
    batch_size: int = 16
    num_steps: int | None = 20
    tolerances: Mapping[str, Tolerance] = dataclasses.field(default_factory=lambda: TOLERANCES)
    float32_only: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def problem(
        self, name: str, num_steps: int | None = None, dtype: str = 'float32', seed: int = 0
    ) -> Problem:
        """The training under the name of the model; `num_steps`: by default the model's own."""
        rng = np.random.default_rng(seed)
        arrays = self.data(rng)
        return Problem(
            model=name,
            make=self.make,
            loss=self.loss,
            arrays=arrays,
            start=initial(named(self.shapes), self.fixed, rng),
            fixed=tuple(self.fixed),
            batch_size=self.batch_size,
            num_steps=self.num_steps if num_steps is None else num_steps,
            lr=self.lr,
            loss_scale=untrained_loss(arrays[-1]),
            tolerances=self.tolerances,
            dtype=dtype,
            seed=seed,
        )


def initial(
    shapes: Mapping[str, tuple[int, ...]], fixed: Mapping[str, float], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Initial parameters of which none is without effect: biases are not 0, and scales not 1."""
    start = {}
    for name, shape in shapes.items():
        kind = name.rpartition('.')[2]
        if kind in fixed:
            start[name] = np.full(shape, fixed[kind])
        elif len(shape) > 1:
            field = np.prod(shape[:-2])
            bound = np.sqrt(6 / (field * (shape[-2] + shape[-1])))
            start[name] = rng.uniform(-bound, bound, shape)
        else:
            start[name] = (kind == 'weight') + rng.uniform(-0.2, 0.2, shape)
    return start


def untrained_loss(y: np.ndarray) -> float:
    """The loss of predictions that are 0: half the mean square, or the cross-entropy."""
    if np.issubdtype(y.dtype, np.integer):
        return float(np.log(y.max() + 1))
    return float(np.mean(y**2) / 2)


def named(tree: Any, path: str = '') -> dict[str, tuple[int, ...]]:
    """Shapes by neutral names: of a dictionary by its keys, of a list by its numbers."""
    if isinstance(tree, tuple):
        return {path: tree}
    found = {}
    for key, each in tree.items() if isinstance(tree, dict) else enumerate(tree):
        found |= named(each, f'{path}.{key}'.lstrip('.'))
    return found


def layer(*shape: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
    """The shapes of a dense or convolutional layer, whose outputs are the last axis."""
    return {'weight': shape} | ({'bias': shape[-1:]} if bias else {})


def norm(size: int, statistics: bool = False) -> dict[str, tuple[int, ...]]:
    """The shapes of a layer normalisation; with statistics, of a batch normalisation."""
    names = ['weight', 'bias', *(('running_mean', 'running_var') if statistics else ())]
    return dict.fromkeys(names, (size,))


def plain_sgd(d2l: ModuleType, model_class: type) -> type:
    """A subclass that is trained by plain SGD, whatever optimizer the class itself takes."""

    class PlainSGD(model_class):
        configure_optimizers = d2l.Module.configure_optimizers

    return PlainSGD
