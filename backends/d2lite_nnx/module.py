"""Module on Flax NNX, whose layers have their parameters in themselves."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import jax
import optax
from flax import nnx

from d2lite.training import module
from d2lite.training.metrics import StepOutputs
from d2lite.training.mistakes import check_output
from d2lite_nnx.framework import NAME
from d2lite_nnx.lazy import make_layers
from d2lite_nnx.train_state import Plotted

nn_Module = nnx.Module


class Module(module.Module, nnx.Module):
    backend = NAME
    not_hyperparameters = ('rngs',)  # they are not to be copied and saved

    def __init__(self, plot_train_per_epoch: int = 2, plot_valid_per_epoch: int = 1) -> None:
        super().__init__(plot_train_per_epoch, plot_valid_per_epoch)
        self.training = True  # or validating: `train` and `eval` set it, with that of the layers

    @property
    def hparams(self) -> dict:
        """The arguments of the constructor, which `save_hyperparameters` has saved."""
        return self.saved_arguments.value

    def __setattr__(self, name: str, value: Any) -> None:
        # NNX would look for layers in it, and find those that are attributes a second time.
        hides = name == 'hparams'
        super().__setattr__('saved_arguments' if hides else name, Plain(value) if hides else value)

    def __call__(self, *inputs, **kwargs):
        return check_output(self, self.forward(*inputs, **kwargs))

    def train(self, **attributes: Any) -> None:
        """Turns training on: dropout, statistics of batches, and the attribute `training`."""
        super().train(training=True, **attributes)

    def eval(self, **attributes: Any) -> None:
        """Turns training off."""
        super().eval(training=False, **attributes)

    def plot(self, key: str, value: Any, train: bool) -> None:
        """As elsewhere. Where JAX differentiates or compiles, it is done once there are numbers.

        So it is in a `fit_epoch` of a lesson, which calls `training_step` in `nnx.value_and_grad`.
        """
        metrics = getattr(getattr(self, 'trainer', None), 'metrics', None)
        leaves_the_step = isinstance(metrics, StepOutputs | Plotted)
        if leaves_the_step or not isinstance(value, jax.core.Tracer):
            return super().plot(key, value, train)
        plot = super().plot
        jax.debug.callback(lambda value: plot(key, value, train), value, ordered=True)

    def configure_optimizers(self) -> optax.GradientTransformation:
        """Optax's own SGD, with the learning rate `lr`."""
        return optax.sgd(self.required_lr())

    def apply_init(self, inputs: Sequence[jax.Array], init: Callable | None = None) -> None:
        """Makes lazy layers from a pass over the tuple `inputs`, then calls `init(layer)` of each.

        The layers are those of `net`.
        """
        make_layers(self, inputs)
        if init is not None:
            for _, layer in nnx.iter_modules(self.net):
                init(layer)

    def __deepcopy__(self, memo=None):
        trainer = vars(self).get('trainer')
        if trainer is None:
            return super().__deepcopy__(memo)
        del self.trainer  # with all its data it stays behind
        try:
            return copy.deepcopy(self, memo)
        finally:
            self.trainer = trainer


class Plain:
    """A value in which NNX looks for no layers."""

    def __init__(self, value: Any) -> None:
        self.value = value
