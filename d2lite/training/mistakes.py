"""Mistakes that every beginner makes once, told in a sentence that is the same on every tab."""

import contextlib
import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from d2lite.console import warn
from d2lite.training.batches import tensors_of
from d2lite.training.step_code import written_by_user

if TYPE_CHECKING:
    from d2lite.training.module import Module
    from d2lite.training.trainer import Trainer

__all__ = ['check_initialized', 'check_output', 'check_spelling', 'too_small_inputs']

# The methods that d2lite calls, in a model and in data.
CALLED = ['forward', 'loss', 'configure_optimizers', 'training_step', 'validation_step']
CALLED += ['get_dataloader', 'train_dataloader', 'val_dataloader', 'test_dataloader']

# What the frameworks say where nothing is left of an image.
TOO_SMALL = ("Kernel size can't be greater than actual input", 'Output size is too small')
TOO_SMALL += ('output size would be zero or negative', 'Negative dimension size')
TOO_SMALL += ('kernel size exceed input',)


def check_output(model: 'Module', y_hat: Any) -> Any:
    """Returns the predictions `y_hat`. Raises TypeError if `forward` has returned nothing."""
    if y_hat is None:
        raise TypeError(
            f'{type(model).__name__}.forward() returned nothing: it must return the predictions, '
            f'e.g. return self.net(X)'
        )
    return y_hat


def check_initialized(model: 'Module') -> None:
    """Raises TypeError if a model's constructor has not called that of its base class."""
    if 'board' not in vars(model):
        raise TypeError(
            f'{type(model).__name__}.__init__() must call super().__init__() before it sets '
            f'attributes'
        )


def check_spelling(*things: Any) -> None:
    """Warns of methods whose names look like those that d2lite calls."""
    for thing in things:
        classes = [cls for cls in type(thing).__mro__ if written_by_user(cls.__module__)]
        names = {name for cls in classes for name, each in vars(cls).items() if callable(each)}
        for name in sorted(names - {*CALLED}):
            alike = difflib.get_close_matches(name, CALLED, 1, 0.9)
            if alike and alike[0] not in names:
                warn(
                    f'{type(thing).__name__} has a method {name}(), which nobody calls: did you '
                    f'mean {alike[0]}()?'
                )


@contextlib.contextmanager
def too_small_inputs(trainer: 'Trainer') -> Iterator[None]:
    """Turns the framework's own error for images that are too small into a ValueError."""
    try:
        yield
    except Exception as error:
        if not _leaves_nothing(error):
            raise
        tensors = tensors_of(trainer.train_dataloader.first_batch())
        raise ValueError(
            f'inputs of shape {tuple(tensors[0].shape)} are too small for the convolutions and '
            f'poolings of {type(trainer.model).__name__}: take larger images, e.g. by resize=(28, '
            f'28), or smaller kernels'
        ) from error


def _leaves_nothing(error):
    if any(sentence in str(error) for sentence in TOO_SMALL):
        return True
    # Flax makes a layer for inputs of size 0, and divides by that.
    traceback = error.__traceback__
    while traceback.tb_next:
        traceback = traceback.tb_next
    module = traceback.tb_frame.f_globals.get('__name__', '')
    return isinstance(error, ZeroDivisionError) and module.startswith(('jax', 'flax'))
