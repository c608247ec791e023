"""The error for a GPU that runs out of memory, the same one on every backend."""

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from d2lite.training.trainer import Trainer

__all__ = ['amount_in', 'in_gib', 'memory_errors']


@contextlib.contextmanager
def memory_errors(trainer: 'Trainer') -> Iterator[None]:
    """Turns the framework's own error for memory that ran out into a MemoryError."""
    try:
        yield
    except Exception as error:
        wanted = trainer.memory_wanted(error)
        if wanted is None:
            raise
        raise MemoryError(f'{what_happened(trainer, wanted)}. {what_to_do(trainer)}.') from error


def what_happened(trainer: 'Trainer', wanted: str) -> str:
    batch_size = None
    if trainer.fitting:  # before that there may be no loader yet
        batch_size = getattr(trainer.train_dataloader.dataloader, 'batch_size', None)
    with_batches = f', with batch_size={batch_size}' if batch_size else ''
    known = [f'{wanted} were asked for'] if wanted else []
    free = trainer.free_memory(trainer.gpus[0]) if trainer.gpus else None
    if free is not None:
        known.append(f'{in_gib(free)} were free')
    details = ': ' + ', and '.join(known) if known else ''
    device = 'GPU' if trainer.gpus else 'machine'
    return f'The {device} ran out of memory {when(trainer)}{with_batches}{details}'


def when(trainer: 'Trainer') -> str:
    """The place in the training, counted from 1 as in the progress line."""
    if not trainer.fitting:
        return 'before the first epoch'
    done = trainer.batches_in_epoch
    if trainer.compiled or done is None:  # several steps are one call
        return f'in epoch {trainer.epoch + 1}'
    if done == trainer.num_train_batches:
        return f'in the validation of epoch {trainer.epoch + 1}'
    return f'in epoch {trainer.epoch + 1}, step {done + 1}'


def what_to_do(trainer: 'Trainer') -> str:
    half = getattr(trainer, 'precision', None) in ('32', 'tf32') and trainer.backend != 'mxnet'
    return 'Take a smaller batch_size' + (", or precision='bf16-mixed'" if half else '')


def amount_in(message: str) -> str:
    """The memory that a framework's message says it wanted, such as '2.50 GiB'; '' without one."""
    found = re.search(r'allocat\w+ ([\d.]+) ?(bytes|[KMGT]i?B)', message)
    if not found:
        return ''
    number, unit = found.groups()
    return in_gib(int(number)) if unit == 'bytes' else f'{number} {unit}'


def in_gib(num_bytes: int) -> str:
    return f'{num_bytes / 2**30:.2f} GiB'
