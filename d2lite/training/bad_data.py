"""Data that are no finite numbers: looked for when a loss is none, and told as the cause."""

from typing import TYPE_CHECKING

import numpy as np

from d2lite.data.loader import TensorLoader
from d2lite.training.batches import tensors_of

if TYPE_CHECKING:
    from d2lite.training.trainer import Trainer

__all__ = ['bad_data']

MOST_ROWS = 5  # that are listed


def bad_data(trainer: 'Trainer', train: bool) -> str:
    """Which rows of which tensor are not finite, in words; '' if all are that can be looked at.

    Looked at are whole tensors, and of other loaders the last batch.
    """
    tracked = trainer.train_dataloader if train else trainer.val_dataloader
    loader, split = tracked.dataloader, 'training' if train else 'validation'
    loader = getattr(loader, 'loader', loader)  # of tensors that a GPU has a copy of
    if isinstance(loader, TensorLoader):
        where, tensors = f'of the {split} data', loader.tensors
    else:
        where, tensors = f'of the last {split} batch', tensors_of(tracked.batch)
    for index, tensor in enumerate(tensors):
        if rows := _bad_rows(np.asarray(trainer.data_module.numpy(tensor))):
            more = f' and {len(rows) - MOST_ROWS} more' if len(rows) > MOST_ROWS else ''
            listed = ', '.join(map(str, rows[:MOST_ROWS]))
            return (
                f'{_name(index, len(tensors))} {where} are NaN or infinite in the rows '
                f'{listed}{more}. Mend these rows, or leave them out'
            )
    return ''


def _bad_rows(array: np.ndarray) -> list[int]:
    if array.dtype.kind in 'biuOUS' or array.ndim == 0:
        return []
    finite = np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    return np.flatnonzero(~finite).tolist()


def _name(index: int, count: int) -> str:
    if index == count - 1:
        return 'the labels'
    return 'the inputs' if count <= 2 else f'the inputs number {index + 1}'
