"""Compiled steps on NNX: those of JAX, with model and optimizer taken apart and put together.

`nnx.split` gives the arrays that a program takes and returns; within it `nnx.merge` makes a copy of
model and optimizer, on which the step is made.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax
from flax import nnx
from jax import numpy as jnp

from d2lite.training.compiled import collected_outputs
from d2lite.training.step_code import plain_attributes
from d2lite_jax import compiled
from d2lite_nnx.train_state import TrainState

if TYPE_CHECKING:
    from d2lite_nnx.trainer import Trainer

# Attributes of layers that `train` and `eval` set.
MODES = {'training', 'deterministic', 'use_running_average'}


class CompiledEpoch(compiled.CompiledEpoch):
    __doc__ = compiled.CompiledEpoch.__doc__

    def __init__(self, trainer: 'Trainer') -> None:
        trainer.find_variables()
        super().__init__(trainer)
        self.layers = [layer for _, layer in nnx.iter_modules(trainer.model)]

    def objects_read(self) -> tuple:
        optim = self.trainer.optim
        optims = optim if isinstance(optim, list) else [optim]
        return *super().objects_read(), *(each.tx for each in optims)

    def values_read(self) -> tuple:
        return super().values_read(), modes_of(self.layers)

    def traced_step(self, state: TrainState, batch: Sequence[jax.Array], train: bool) -> tuple:
        """A step on a batch: the state after it, and the values that it plots."""
        trainer = self.trainer
        if self.prepares_in_step(train):
            batch = trainer.prepare_batch(batch)
        variables = trainer.variables
        model, optim = variables.copies(state)
        with trainer.working_on(model, optim), collected_outputs(trainer) as outputs:
            (model.train if train else model.eval)()
            if train:
                trainer.train_step(batch)
            else:
                trainer.val_step(batch)
        self.labels[train] = outputs.labels
        state = variables.state_of(model, optim)
        values = [jnp.asarray(value) for value in outputs.values]
        if trainer.mesh is not None:
            state, values = trainer.mesh.state(state), trainer.mesh.copies(values)
        return state, values

    def set_training(self, training: bool) -> None:
        """What `train` and `eval` of a model do, without a search for its layers."""
        for layer in self.layers:
            for name in MODES & vars(layer).keys():
                setattr(layer, name, training == (name == 'training'))


def modes_of(layers: Sequence[nnx.Module]) -> tuple:
    """The plain attributes of layers, such as the rate of a dropout."""
    return tuple(
        (name, value)
        for layer in layers
        for name, value in plain_attributes(layer).items()
        if name not in MODES
    )
