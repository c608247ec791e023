"""What a Trainer is given, looked at before anything is changed."""

import numpy as np

__all__ = ['check_arguments', 'check_count', 'count_batches']


def check_arguments(trainer, model, data):
    """Raises TypeError if `fit` cannot work with these, and says what is wrong with them."""
    if isinstance(model, type):
        raise TypeError(f'fit takes a model, got the class {model.__name__}: make one first')
    if data is None:
        raise TypeError(
            'fit needs data to train on: fit(model, data), where data is a DataModule, '
            'e.g. d2l.SyntheticRegressionData(w=d2l.tensor([2, -3.4]), b=4.2)'
        )
    for what, thing, base, methods in (
        ('model', model, 'Module', ('training_step', 'configure_optimizers')),
        ('data', data, 'DataModule', ('train_dataloader', 'val_dataloader')),
    ):
        missing = [method for method in methods if not hasattr(thing, method)]
        if missing:
            raise TypeError(
                f'{what} must be a d2l.{base}; {type(thing).__name__} has no {missing[0]}()'
            )
        backend = getattr(thing, 'backend', None)
        if backend not in (None, trainer.backend):
            raise TypeError(
                f'this Trainer is for {trainer.backend}, but {what} is a {base} of {backend}: '
                f'take all three from the same d2l'
            )


def count_batches(dataloader, name):
    """The length of a dataloader; TypeError or ValueError if it has none."""
    try:
        count = len(dataloader)
    except TypeError:
        raise TypeError(
            f'{name}() must return something with a len(), the number of batches; got '
            f'{type(dataloader).__name__}'
        ) from None
    if count == 0:
        raise ValueError(f'{name}() has no batches: there is nothing to train on')
    return count


def check_count(name, value, at_least=0):
    """Raises ValueError unless `value` is an integer of `at_least` that."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < at_least:
        raise ValueError(f'{name} must be an integer >= {at_least}, got {value!r}')
