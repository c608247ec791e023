"""Class labels: integers from 0 to q - 1, where q is the number of logits of an example."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from d2lite.data.loader import TensorLoader
from d2lite.training.metrics import StepOutputs

if TYPE_CHECKING:
    from d2lite.training.module import Module
    from d2lite.training.trainer import Trainer

__all__ = ['LabelCheck', 'check_labels', 'check_range', 'label_check']


def check_labels(model: 'Module', Y_hat: Any, Y: Any) -> None:
    """Raises ValueError unless each example of the logits `Y_hat` has one label, of a class.

    The shapes are looked at each time. The labels of a training with d2lite's own steps are looked
    at in its loaders, so that no step waits for them; others here, unless a compiler traces them.
    """
    logits_shape, labels_shape = tuple(Y_hat.shape), tuple(Y.shape)
    # One-hot labels (n, q), or a column (n, 1), would otherwise broadcast or fail far from here.
    if logits_shape[:-1] != labels_shape:
        raise ValueError(
            f'logits of shape {logits_shape} need labels of shape {logits_shape[:-1]}, the index '
            f'of a class for each example; got labels of shape {labels_shape}'
        )
    trainer = getattr(model, 'trainer', None)
    in_loaders = trainer.label_check if trainer is not None and trainer.fitting else None
    if in_loaders is not None:
        in_loaders.compare(num_classes=logits_shape[-1])
    elif not (model.is_traced(Y) or isinstance(getattr(trainer, 'metrics', None), StepOutputs)):
        check_range(model.as_numpy(Y), logits_shape[-1])


def check_range(labels: np.ndarray, num_classes: int) -> None:
    """Raises ValueError, naming the label and the range, if a label is that of no class."""
    if labels.dtype.kind == 'f' and (parts := labels[labels != np.floor(labels)]).size:
        raise ValueError(
            f'label {parts.flat[0]} is that of no class: labels are integers from 0 to '
            f'{num_classes - 1}, the index of a class for each example'
        )
    for label in (labels.min(), labels.max()) if labels.size else ():
        if not 0 <= label < num_classes:
            raise ValueError(
                f'label {label} is that of no class: the model has {num_classes} of them, so '
                f'labels are integers from 0 to {num_classes - 1}'
            )


class LabelCheck:
    """Compares the labels in the loaders of a training with the number of classes.

    That is known in the first step. Of whole tensors the labels are looked at once, of other
    loaders in each batch.
    """

    def __init__(self, as_numpy: Callable) -> None:
        self.as_numpy = as_numpy
        self.labels = []  # the least and the largest of each whole tensor, and the batch at hand
        self.num_classes = None

    def look_into(self, loader: Any) -> None:
        """Looks at the labels of a TrackedLoader: all now, or batch by batch as they come."""
        if isinstance(loader.dataloader, TensorLoader):
            labels = self.as_numpy(loader.dataloader.tensors[-1])
            parts = labels[labels != np.floor(labels)][:1]  # of one that is no integer
            self.labels.append(np.array([labels.min(), labels.max(), *parts]))
        else:
            loader.look = self.look_at

    def look_at(self, batch: Any) -> None:
        self.labels = [self.as_numpy(batch[-1])]
        if self.num_classes is not None:
            check_range(self.labels[0], self.num_classes)

    def compare(self, num_classes: int) -> None:
        if num_classes != self.num_classes:
            for labels in self.labels:
                check_range(labels, num_classes)
            self.num_classes = num_classes


def label_check(trainer: 'Trainer', model: 'Module') -> LabelCheck | None:
    """The LabelCheck of a training; None if a lesson's own steps may give the loss other labels."""
    steps = [(trainer, 'prepare_batch'), (trainer, 'fit_epoch')]
    steps += [(model, name) for name in ('training_step', 'validation_step', 'loss', 'accuracy')]
    if not all(_is_ours(*step) for step in steps):
        return None
    check = LabelCheck(model.as_numpy)
    for loader in (trainer.train_dataloader, trainer.val_dataloader):
        if loader is not None:
            check.look_into(loader)
    return check


def _is_ours(thing, name):
    method = getattr(type(thing), name, None)
    return method is not None and method.__module__.startswith('d2lite')
