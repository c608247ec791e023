"""What a training on NNX carries from step to step, and what is asked of it."""

from typing import Any, NamedTuple

import jax
import optax
from flax import nnx
from jax import numpy as jnp

from d2lite.training.compiled import CannotCompile

KINDS = nnx.Param, nnx.Variable  # those that are trained, and the others


class TrainState(NamedTuple):
    """The arrays in the variables of a model and its optimizer.

    `params`: those that are trained. `others`: running statistics, random keys and their counts,
    and what the optimizer keeps. A key is here as the numbers that it consists of.
    """

    params: list
    others: list


class Variables:
    """The variables of a model and its optimizer, all that a step changes.

    They are found once: to look for them takes longer than a step of a small model.
    """

    def __init__(self, model: nnx.Module, optim: nnx.Optimizer) -> None:
        pair = model, optim
        self.graphdef, *parts, self.constants = nnx.split(pair, *KINDS, ...)
        self.structures = [jax.tree.structure(part) for part in parts]
        found = nnx.variables(pair, *KINDS)
        self.found = [
            jax.tree.leaves(part, is_leaf=lambda each: isinstance(each, nnx.Variable))
            for part in found
        ]
        self.impls = [[_impl(each.get_raw_value()) for each in part] for part in self.found]

    def read(self) -> TrainState:
        """The arrays as they are now."""
        # `get_value` copies each, which takes longer than a step of a small model.
        arrays = ([each.get_raw_value() for each in part] for part in self.found)
        return self._numbers(arrays)

    def write(self, state: TrainState) -> None:
        """Gives the variables other arrays."""
        for part, arrays in zip(self.found, self._values(state), strict=True):
            for variable, array in zip(part, arrays, strict=True):
                variable.set_raw_value(array)

    def copies(self, state: TrainState) -> tuple:
        """A model and an optimizer that have these arrays."""
        parts = map(jax.tree.unflatten, self.structures, self._values(state))
        return nnx.merge(self.graphdef, *parts, self.constants)

    def _numbers(self, parts):
        """The state of arrays as the variables have them: of keys, the numbers they consist of."""
        return TrainState(
            *(
                [
                    array if impl is None else jax.random.key_data(array)
                    for array, impl in zip(arrays, impls, strict=True)
                ]
                for arrays, impls in zip(parts, self.impls, strict=True)
            )
        )

    def _values(self, state):
        """The arrays as the variables have them, of which random keys are keys."""
        return [
            [
                array if impl is None else jax.random.wrap_key_data(array, impl=impl)
                for array, impl in zip(arrays, impls, strict=True)
            ]
            for arrays, impls in zip(state, self.impls, strict=True)
        ]

    def state_of(self, model: nnx.Module, optim: nnx.Optimizer) -> TrainState:
        """The arrays of two `copies`. Raises CannotCompile if they have others by now."""
        parts = nnx.split((model, optim), *KINDS, ...)[1:-1]
        if [jax.tree.structure(part) for part in parts] != self.structures:
            raise CannotCompile('a step adds variables to the model')
        return self._numbers(map(jax.tree.leaves, parts))


def _impl(leaf):
    """How the numbers of a random key are meant; None for other arrays."""
    is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.random.key_impl(leaf) if is_key else None


def optimizer_of(model: nnx.Module, optim: Any) -> nnx.Optimizer:
    """The optimizer of NNX that `configure_optimizers` returned, or one of what it returned."""
    if isinstance(optim, list):
        return [optimizer_of(model, each) for each in optim]
    if isinstance(optim, nnx.Optimizer):
        return optim
    return Optimizer(model, Transformation(optim), wrt=nnx.Param)


class Optimizer(nnx.Optimizer):
    """NNX's own, with the learning rate of the optimizer that it was made of, if that has one."""

    @property
    def lr(self) -> float:
        return self.tx.optim.lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self.tx.optim.lr = lr


class Transformation:
    """An optimizer as Optax defines it, a pair (init, update)."""

    def __init__(self, optim: Any) -> None:
        self.optim = optim

    def init(self, params: Any) -> Any:
        # A lesson may give the class `optax.EmptyState` where an instance is meant.
        state = self.optim.init(params)
        return jax.tree.map(lambda each: each() if isinstance(each, type) else each, state)

    def update(self, *args: Any, **kwargs: Any) -> tuple:
        return self.optim.update(*args, **kwargs)


def learning_rates(opt_state: Any) -> list:
    """The learning rates in the state of an optimizer, from its `inject_hyperparams`."""
    return [rate for _, rate in optax.tree.get_all_with_path(opt_state, 'learning_rate')]


class Plotted:
    """Collects what is plotted in a function that is differentiated, which leaves it as a result.

    Within it, numbers have no values yet.
    """

    def __init__(self, metrics: Any) -> None:
        self.metrics = metrics
        self.labels: list[str] = []
        self.values: list = []

    @property
    def history(self) -> list[dict]:
        """That of the metrics of the training, which a step may read."""
        return self.metrics.history

    def log(self, label: str, value: Any) -> None:
        self.labels.append(label)
        self.values.append(jnp.asarray(value))
