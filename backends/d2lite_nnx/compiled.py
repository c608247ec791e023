"""Compiled steps on NNX: those of JAX, with model and optimizer taken apart and put together.

`nnx.split` gives the arrays that a program takes and returns; within it `nnx.merge` makes a copy of
model and optimizer, on which the step is made.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax
from flax import nnx
from jax import numpy as jnp

from d2lite.training.compiled import CannotCompile, collected_outputs
from d2lite.training.step_code import plain_attributes
from d2lite_jax import compiled
from d2lite_nnx.train_state import TrainState, state_of

if TYPE_CHECKING:
    from d2lite_nnx.trainer import Trainer

# Attributes of layers that `train` and `eval` set.
MODES = {'deterministic', 'use_running_average'}


class CompiledEpoch(compiled.CompiledEpoch):
    __doc__ = compiled.CompiledEpoch.__doc__

    def __init__(self, trainer: 'Trainer') -> None:
        super().__init__(trainer)
        parts = nnx.split((trainer.model, trainer.optim), nnx.Param, nnx.Variable, ...)
        self.graphdef, *_, self.constants = parts
        self.structure = jax.tree.structure(trainer.state)

    def values_read(self) -> tuple:
        return super().values_read(), modes_of(self.trainer.model)

    def traced_step(self, state: TrainState, batch: Sequence[jax.Array], train: bool) -> tuple:
        """A step on a batch: the state after it, and the values that it plots."""
        trainer = self.trainer
        if self.prepares_in_step(train):
            batch = trainer.prepare_batch(batch)
        model, optim = nnx.merge(self.graphdef, *state, self.constants)
        with trainer.working_on(model, optim), collected_outputs(trainer) as outputs:
            trainer.set_training(train)
            if train:
                trainer.train_step(batch)
            else:
                trainer.val_step(batch)
        self.labels[train] = outputs.labels
        after = state_of(model, optim)
        if jax.tree.structure(after) != self.structure:
            raise CannotCompile('a step adds variables to the model')
        return after, [jnp.asarray(value) for value in outputs.values]


def modes_of(model: nnx.Module) -> tuple:
    """The plain attributes of all layers, such as the rate of a dropout."""
    return tuple(
        (name, value)
        for _, layer in nnx.iter_modules(model)
        for name, value in plain_attributes(layer).items()
        if name not in MODES
    )
