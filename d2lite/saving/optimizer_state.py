"""The state of an optimizer that a lesson has written."""

from typing import Any


def optimizer_state(optim: Any) -> Any:
    """The state of an optimizer that is no framework's own, by its `state_dict` if it has one.

    Raises TypeError if it holds more than its hyperparameters and has none.
    """
    if isinstance(optim, list):
        return [optimizer_state(each) for each in optim]
    if hasattr(optim, 'state_dict'):
        return optim.state_dict()
    extra = set(getattr(optim, '__dict__', {})) - set(getattr(optim, 'hparams', {})) - {'hparams'}
    if extra:
        raise TypeError(
            f'{type(optim).__name__} remembers {sorted(extra)} from step to step, which d2lite '
            f'cannot save: give it state_dict() and load_state_dict(state)'
        )
    return {}


def set_optimizer_state(optim: Any, state: Any) -> None:
    """Puts the state back that `optimizer_state` found."""
    if isinstance(optim, list):
        for each, of_each in zip(optim, state, strict=True):
            set_optimizer_state(each, of_each)
    elif hasattr(optim, 'load_state_dict'):
        optim.load_state_dict(state)
