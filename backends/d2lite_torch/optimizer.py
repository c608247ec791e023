"""Minibatch stochastic gradient descent, by hand, and schedulers of learning rates."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from d2lite.hyperparameters import HyperParameters
from d2lite.training.callbacks import Callback

if TYPE_CHECKING:
    from d2lite_torch.module import Module
    from d2lite_torch.trainer import Trainer


class SGD(HyperParameters):
    """param <- param - lr * gradient, for a list of `params`."""

    def __init__(self, params: Sequence[torch.Tensor], lr: float) -> None:
        self.save_hyperparameters()

    @torch.no_grad()
    def step(self) -> None:
        for param in self.params:
            if param.grad is not None:  # the loss may not depend on it
                param.sub_(param.grad, alpha=self.lr)

    def zero_grad(self) -> None:
        for param in self.params:
            param.grad = None


class SchedulerCallback(Callback):
    """Steps a scheduler after each epoch, or with `interval='step'` after each step.

    `monitor`: the label whose value a ReduceLROnPlateau is given.
    """

    def __init__(self, scheduler: Any, interval: str = 'epoch', monitor: str = 'val_loss') -> None:
        if interval not in ('epoch', 'step'):
            raise ValueError(f"interval must be 'epoch' or 'step', got {interval!r}")
        self.scheduler, self.interval, self.monitor = scheduler, interval, monitor
        self.every_n_train_steps = 1 if interval == 'step' else None

    def on_train_batch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        if self.interval == 'step':
            self.scheduler.step()

    def on_train_epoch_end(self, trainer: 'Trainer', model: 'Module') -> None:
        if self.interval == 'step':
            return
        if isinstance(self.scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            if self.monitor not in trainer.history[-1]:
                raise ValueError(f'ReduceLROnPlateau needs {self.monitor!r}, which is not plotted')
            self.scheduler.step(trainer.history[-1][self.monitor])
        else:
            self.scheduler.step()


def optimizer_and_schedulers(model: 'Module') -> tuple:
    """The optimizer of `configure_optimizers`, and a callback for each scheduler beside it.

    Taken are: an optimizer; (optimizer, scheduler); ([optimizer], [schedulers]); a list of two or
    more optimizers, which comes back; and {'optimizer': ..., 'lr_scheduler': ...}, where a
    scheduler may be a dictionary with the keys scheduler, interval ('epoch' or 'step') and monitor.
    Raises TypeError for others.
    """
    found, schedulers = model.configure_optimizers(), []
    if isinstance(found, tuple | list) and len(found) > 1:
        if all(hasattr(each, 'zero_grad') for each in found):  # schedulers have none
            return found, []
    if isinstance(found, dict):
        found, schedulers = found.get('optimizer'), found.get('lr_scheduler', [])
    elif isinstance(found, tuple | list) and len(found) == 2:
        found, schedulers = found
    if isinstance(found, tuple | list) and len(found) == 1:
        (found,) = found
    if not isinstance(schedulers, tuple | list):
        schedulers = [schedulers]
    if not hasattr(found, 'step'):
        what = 'nothing' if found is None else f'a {type(found).__name__}'
        raise TypeError(
            f'{type(model).__name__}.configure_optimizers() returned {what}: it must return the '
            f'optimizer, e.g. return torch.optim.SGD(self.parameters(), lr=self.lr), or the '
            f'optimizer and a scheduler'
        )
    callbacks = []
    for each in schedulers:
        settings = each if isinstance(each, dict) else {'scheduler': each}
        scheduler = settings['scheduler']
        known = {key: settings[key] for key in ('interval', 'monitor') if key in settings}
        callbacks.append(SchedulerCallback(scheduler, **known))
    return found, callbacks
