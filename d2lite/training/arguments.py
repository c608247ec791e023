"""What a Trainer is given, looked at before anything is changed."""

import numbers
from typing import TYPE_CHECKING, Any

import numpy as np

from d2lite.files import check_writable
from d2lite.training.callbacks import Callback
from d2lite.training.mistakes import check_initialized, check_spelling
from d2lite.training.precision import check_precision

if TYPE_CHECKING:
    from d2lite.training.module import Module
    from d2lite.training.trainer import Trainer

__all__ = ['check_arguments', 'check_count', 'check_loss', 'check_trainer', 'count_batches']
__all__ += ['no_gradients']


def check_trainer(trainer: 'Trainer') -> None:
    """Raises ValueError or TypeError if a Trainer was made with what it cannot work with."""
    if trainer.max_epochs is None and trainer.max_steps is None:
        raise TypeError(
            'a Trainer must be told when to end: Trainer(max_epochs=10), or Trainer(max_steps=1000)'
        )
    for name in ('max_epochs', 'max_steps'):
        if getattr(trainer, name) is not None:
            check_count(name, getattr(trainer, name))
    if trainer.epoch_mean not in ('batches', 'examples'):
        raise ValueError(f"epoch_mean must be 'batches' or 'examples', got {trainer.epoch_mean!r}")
    check_count('num_gpus', trainer.num_gpus)
    clip_val = trainer.gradient_clip_val
    if not isinstance(clip_val, numbers.Real) or not clip_val >= 0:
        raise ValueError(f'gradient_clip_val must be a number >= 0, got {clip_val!r}')
    if trainer.checkpoint_every is not None:
        check_count('checkpoint_every', trainer.checkpoint_every, at_least=1)
        folder = trainer.strategy == 'fsdp'  # of which each process writes a part
        check_writable('checkpoint_path', trainer.checkpoint_path, or_folder=folder)
    if trainer.compile not in (None, True, False):
        raise ValueError(f'compile must be None, True or False, got {trainer.compile!r}')
    if trainer.compile and trainer.compile not in trainer.compile_modes:
        raise ValueError(
            f'{trainer.backend} has no compiled steps in d2lite; leave out compile=True'
        )
    if trainer.num_devices is not None:
        check_count('num_devices', trainer.num_devices, at_least=1)
    check_precision(trainer)
    trainer.callbacks = list(trainer.callbacks or ())
    for callback in trainer.callbacks:
        if not isinstance(callback, Callback):
            what = (
                f'the class {callback.__name__}' if isinstance(callback, type) else repr(callback)
            )
            raise TypeError(f'callbacks must be objects of subclasses of d2l.Callback, got {what}')


def check_loss(model: 'Module', loss: Any, method: str = 'training_step') -> None:
    """Raises TypeError unless `training_step` returned a loss, a scalar of the framework."""
    shape = getattr(loss, 'shape', None)
    if shape is None:
        what = 'nothing' if loss is None else f'a {type(loss).__name__}'
        raise TypeError(
            f'{type(model).__name__}.{method}() returned {what}: it must return the loss of the '
            f'minibatch, a scalar tensor'
        )
    if any(length != 1 for length in shape):
        raise TypeError(
            f'{type(model).__name__}.{method}() returned a tensor of shape {tuple(shape)}: the '
            f'loss must be one number, e.g. its mean over the minibatch (d2l.reduce_mean)'
        )


def no_gradients(model: 'Module') -> ValueError:
    """The error for a loss from which no gradient leads to any parameter."""
    return ValueError(
        f'the loss of {type(model).__name__} depends on no parameter that is trained: are all of '
        f'them frozen, or was the loss computed from plain numbers (NumPy, detach, float)?'
    )


def check_arguments(trainer: 'Trainer', model: 'Module', data: Any) -> None:
    """Raises TypeError if `fit` cannot work with these, and says what is wrong with them."""
    if isinstance(model, type):
        raise TypeError(f'fit takes a model, got the class {model.__name__}: make one first')
    if data is None:
        raise TypeError(
            'fit needs data to train on: fit(model, data), where data is a DataModule, '
            'e.g. d2l.SyntheticRegressionData(w=d2l.tensor([2, -3.4]), b=4.2)'
        )
    check_spelling(model, data)
    for what, thing, base, methods in (
        ('model', model, 'Module', ('training_step', 'configure_optimizers')),
        ('data', data, 'DataModule', ('train_dataloader', 'val_dataloader')),
    ):
        missing = [method for method in methods if not hasattr(thing, method)]
        if missing:
            raise TypeError(
                f'{what} must be a d2l.{base}; {type(thing).__name__} has no {missing[0]}()'
            )
        if what == 'model' and hasattr(thing, 'required_lr'):
            check_initialized(thing)
        backend = getattr(thing, 'backend', None)
        if backend not in (None, trainer.backend):
            raise TypeError(
                f'this Trainer is for {trainer.backend}, but {what} is a {base} of {backend}: '
                f'take all three from the same d2l'
            )


def count_batches(dataloader: Any, name: str) -> int | None:
    """The length of a dataloader, None if it has none. Raises ValueError for 0, and TypeError."""
    if not hasattr(dataloader, '__iter__') and not hasattr(dataloader, '__getitem__'):
        what = 'nothing' if dataloader is None else f'one {type(dataloader).__name__}'
        raise TypeError(
            f'{name}() returned {what}: it must return minibatches to iterate over, e.g. return '
            f'self.get_tensorloader((X, y), train)'
        )
    try:
        count = len(dataloader)
    except TypeError:  # a generator, or a stream
        return None
    if count == 0:
        raise ValueError(f'{name}() has no batches: there is nothing to train on')
    return count


def check_count(name: str, value: Any, at_least: int = 0) -> None:
    """Raises ValueError unless `value` is an integer of `at_least` that."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < at_least:
        raise ValueError(f'{name} must be an integer >= {at_least}, got {value!r}')
