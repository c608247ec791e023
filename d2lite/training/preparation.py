"""What a Trainer prepares before the first epoch: data, model, parameters, optimizer."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from d2lite.data.loader import TensorLoader
from d2lite.training.arguments import count_batches
from d2lite.training.batches import as_tensors, inputs_of
from d2lite.training.precision import replaces
from d2lite.training.tracked_loader import TrackedLoader

if TYPE_CHECKING:
    from d2lite.training.module import Module

__all__ = ['PreparesTraining']


class PreparesTraining:
    """The part of a Trainer that a lesson calls `prepare_data`, `prepare_model` and so on."""

    def prepare_data(self, data: Any) -> None:
        """Takes the dataloaders from `data`, and counts their batches."""
        self.train_dataloader, self.val_dataloader = data.train_dataloader(), data.val_dataloader()
        self.num_train_batches = count_batches(self.train_dataloader, 'train_dataloader')
        self.num_val_batches = 0
        if self.val_dataloader is not None:
            self.num_val_batches = count_batches(self.val_dataloader, 'val_dataloader')

    def track_loaders(self, data: Any) -> None:
        """Puts whole data on the GPU, and has the dataloaders tell when a step is complete."""
        whole = isinstance(self.train_dataloader, TensorLoader)
        self.train_dataloader = TrackedLoader(
            self.on_device(self.train_dataloader),
            self._before_steps,
            self.on_steps_end,
            'train_dataloader',
            data.train_dataloader,
            None if whole else self.as_tensors,
            self.steps_left,
            self.share_of,
        )
        if self.val_dataloader is not None:
            whole = isinstance(self.val_dataloader, TensorLoader)
            self.val_dataloader = TrackedLoader(
                self.on_device(self.val_dataloader),
                lambda: None,
                self._after_validation,
                'val_dataloader',
                data.val_dataloader,
                None if whole else self.as_tensors,
                share=self.share_of,
            )

    def as_tensors(self, batch: Any) -> Any:
        """The batch of any loader with tensors of the framework in place of others' arrays."""
        return as_tensors(batch, self.data_module.is_tensor, self.data_module.as_tensor)

    def prepare_model(self, model: 'Module') -> None:
        """Makes the model report to this trainer, and moves it to the GPU if there is one."""
        model.trainer = self
        model.board.silent = self.rank > 0
        model.board.begin(xlim=self.range_of_plot(), xlabel=self.unit_of_plot())
        if self.moves_to is not None:
            self.move_model(model)
        self.model = model

    def unit_of_plot(self) -> str:
        """What the board has on its x-axis: steps where nobody knows how many an epoch has."""
        return 'step' if self.num_train_batches is None else 'epoch'

    def range_of_plot(self) -> list | None:
        """The ends of the x-axis; None if nobody knows the last."""
        steps, per_epoch = self.max_steps, self.num_train_batches
        if per_epoch is None:
            return None if steps is None else [0, steps]
        ends = [self.max_epochs, None if steps is None else steps / per_epoch]
        return [0, min(end for end in ends if end is not None)]

    def prepare_parameters(self, init_params: Mapping[str, np.ndarray] | Callable | None) -> None:
        """Sets the parameters that training starts from: as the model made them, or as given."""
        if init_params is not None:
            self.serialization.build(self, self.first_batch())
            if callable(init_params):
                init_params = init_params(self.serialization.get_parameters(self))
            self._set_parameters(init_params, 'init_params')

    def prepare_optimizer(self) -> None:
        """Asks the model for its optimizer. Raises TypeError if it returns something else."""
        optim = self.model.configure_optimizers()
        if optim is None:
            raise TypeError(
                f'{type(self.model).__name__}.configure_optimizers() returned nothing: it must '
                f'return the optimizer, e.g. return d2l.SGD(...)'
            )
        if type(optim) in (tuple, list, dict):
            optim = self.several(optim)
        self.optim = optim

    def several(self, optims: Any) -> list:
        """The optimizers of a model of several parts, a list, for a `fit_epoch` of a lesson.

        Raises TypeError if there is none, since the loop of d2lite has one optimizer.
        """
        if type(optims) is dict or not replaces(self, 'fit_epoch'):
            raise TypeError(
                f'{type(self.model).__name__}.configure_optimizers() returned a '
                f'{type(optims).__name__}: on {self.backend} it must return the optimizer alone, '
                f'or a list of optimizers for a Trainer with a fit_epoch of its own'
            )
        return list(optims)

    def first_batch(self) -> Any:
        """A minibatch, from which layers can learn their shapes."""
        return self.prepare_batch(self.train_dataloader.first_batch())

    def first_inputs(self) -> tuple:
        """The inputs of a minibatch, from which layers can learn their shapes."""
        return inputs_of(self.first_batch())

    def set_training(self, training: bool) -> None:
        """Tells the model if it is trained now, or validated."""
        self.model.training = training
