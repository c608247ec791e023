"""Checkpoints, to disk and back (`trainer.save_checkpoint`).

A checkpoint is all that decides how a training goes on: resumed from it, on the same framework,
training ends with the same parameters, bit for bit.
"""

import os
from typing import Any

from d2lite.console import warn
from d2lite.data.loader import TensorLoader
from d2lite.saving import sharded, storage
from d2lite.saving.parameters import matched
from d2lite.saving.random_state import of_all_processes, random_state, set_random_state


def save_checkpoint(trainer: Any, path: str | os.PathLike) -> None:
    """Writes all that decides how the training of `trainer` goes on to `path`."""
    trainer.metrics.flush()
    loader = trainer.train_dataloader.dataloader
    within = trainer.batches_in_epoch is not None
    state = {
        'backend': trainer.backend,
        'framework': trainer.framework_version,
        'precision': trainer.precision,
        'optimizer': trainer.serialization.optimizer_name(trainer),
        'batches_in_epoch': trainer.batches_in_epoch,
        'epoch': trainer.epoch,
        'train_batch_idx': trainer.train_batch_idx,
        'val_batch_idx': trainer.val_batch_idx_at_start if within else trainer.val_batch_idx,
        'history': trainer.history,
        'records': {  # an epoch that is not complete will validate from the beginning
            label: list(numbers)
            for label, numbers in trainer.metrics.values.items()
            if label.startswith('train_')
        },
        'sizes': trainer.metrics.sizes,
        'board': _board_state(trainer),
        'fit': trainer.fits,
        'loader': _loader_state(loader, within),
        'random_at_epoch': of_all_processes(trainer, trainer.random_at_epoch) if within else None,
        'random': of_all_processes(trainer, random_state(trainer)),
    }

    def write(file, training):
        arrays, packed = storage.pack(state | training)
        storage.write(file, 'checkpoint', arrays, {'state': packed})

    if sharded.divides(trainer):
        sharded.save(trainer, path, write)
        return
    arrays = trainer.serialization.get_parameters(trainer)
    training = {
        'parameters': {name: list(array.shape) for name, array in arrays.items()},
        'training': trainer.serialization.get_state(trainer),
    }
    trainer.on_first(lambda: write(path, training))


def fit_of(path: str | os.PathLike) -> int | None:
    """Which of the trainings of its process has written the checkpoint at `path`, from 1."""
    arrays, values = storage.read(sharded.file_of(path), 'checkpoint')
    return storage.unpack(arrays, values['state']).get('fit')


def load_checkpoint(trainer: Any, path: str | os.PathLike) -> None:
    """Puts `trainer`, ready to fit, where the checkpoint at `path` was.

    Raises FileError if it cannot be read, ValueError if it is of another training; then nothing
    has changed.
    """
    file = sharded.file_of(path)
    arrays, values = storage.read(file, 'checkpoint')
    state = storage.unpack(arrays, values['state'])
    if state['backend'] != trainer.backend:
        raise ValueError(
            f'{path} is a checkpoint of {state["backend"]}, this trainer is for {trainer.backend}: '
            f'only parameters move between frameworks, by save_parameters and load_parameters'
        )
    trainer.serialization.build(trainer, trainer.first_batch())
    is_divided = 'parts' in state
    if is_divided:
        wanted = sharded.without_values(trainer.serialization.shapes(trainer))
    else:
        wanted = trainer.serialization.get_parameters(trainer)
    matched(sharded.without_values(state['parameters']), wanted, path)
    _check_progress(trainer, state, path)
    loader = trainer.train_dataloader.dataloader
    ours, theirs = _loader_state(loader, within=False), state['loader']
    if ours.get('fingerprint') != theirs.get('fingerprint'):
        raise ValueError(
            f'{path} is a checkpoint of a training on other data: resume with the data, the batch '
            f'size and the shuffling it began with (seed_everything makes synthetic data the same)'
        )
    if state['framework'] != trainer.framework_version:
        warn(
            f'{path} was written with {trainer.backend} {state["framework"]}, this is '
            f'{trainer.framework_version}: the results may differ in the last digits'
        )
    if state['precision'] != trainer.precision:
        warn(
            f'{path} was written in precision={state["precision"]!r}, and training goes on in '
            f'{trainer.precision!r}: the results will differ'
        )
    training = sharded.load(trainer, file, state) if is_divided else state['training']
    trainer.serialization.set_state(trainer, training)
    trainer.history[:] = state['history']
    trainer.metrics.values, trainer.metrics.sizes = state['records'], state.get('sizes', {})
    trainer.epoch = state['epoch']
    trainer.train_batch_idx = trainer.steps_done = state['train_batch_idx']
    trainer.val_batch_idx = state['val_batch_idx']
    trainer.model.board.set_state(state['board'])
    if theirs:
        loader.seed, loader.epoch = theirs['seed'], theirs['epoch']
    if state['batches_in_epoch'] is not None:
        trainer.train_dataloader.skip = state['batches_in_epoch']
        trainer.random_to_resume = state['random']
        if state['random_at_epoch'] is not None:
            set_random_state(trainer, state['random_at_epoch'])
    else:
        set_random_state(trainer, state['random'])


def _check_progress(trainer, state, path):
    ours, theirs = trainer.serialization.optimizer_name(trainer), state.get('optimizer')
    if theirs is not None and ours != theirs:
        raise ValueError(
            f'{path} is a checkpoint of a training with the optimizer {theirs}, this one has '
            f'{ours}: resume with the optimizer it began with'
        )
    done, begun = len(state['history']), state['batches_in_epoch'] is not None
    if trainer.max_epochs is not None and trainer.max_epochs < done + begun:
        raise ValueError(
            f'{path} was written {"in" if begun else "after"} epoch {done + begun}, and '
            f'max_epochs={trainer.max_epochs}: training goes on with max_epochs={done + 1} or more'
        )
    steps = state['train_batch_idx']
    if trainer.max_steps is not None and trainer.max_steps < steps:
        raise ValueError(
            f'{path} was written after {steps} steps, and max_steps={trainer.max_steps}: training '
            f'goes on with more'
        )


def _board_state(trainer):
    state = trainer.model.board.get_state()
    if trainer.batches_in_epoch is None:
        return state
    # The validation of this epoch will be drawn again.
    done = len(trainer.history)
    for label in [label for label in state['data'] if label.startswith('val_')]:
        state['data'][label] = [point for point in state['data'][label] if point[0] <= done]
        state['raw'][label] = []
    return state


def _loader_state(loader, within):
    if not isinstance(loader, TensorLoader):
        return {}
    # The pass that is taken up again has to count as the one it was.
    epoch = loader.epoch - 1 if within else loader.epoch
    return {'seed': list(loader.seed), 'epoch': epoch, 'fingerprint': loader.fingerprint}
