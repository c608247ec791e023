"""What has to be the same in all processes of a training, compared before it begins."""

import dataclasses
import hashlib
import inspect
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

import d2lite
from d2lite import seeds
from d2lite.data.loader import TensorLoader
from d2lite.training.step_code import PLAIN, written_by_user

if TYPE_CHECKING:
    from d2lite.training.trainer import Trainer

__all__ = ['check_fingerprint']

WHAT_TO_DO = {
    'versions': 'install the same versions everywhere',
    'code': 'start the same file everywhere',
    'settings': 'give Trainer, model and data the same arguments everywhere',
    'seed': 'call d2l.seed_everything(0) first, and the same things after it everywhere',
    'data': 'read the same data everywhere',
}


def check_fingerprint(trainer: 'Trainer') -> None:
    """Raises ValueError in all processes if one trains with something else than the first."""
    parts = fingerprint(trainer)
    digests = [hashlib.sha256(part.encode()).digest()[:8] for part in parts.values()]
    rows = trainer.processes.rows(np.frombuffer(b''.join(digests), np.uint8).astype(float))
    rows = rows.reshape(len(rows), len(parts), -1)
    for index, what in enumerate(parts):
        others = np.flatnonzero((rows[:, index] != rows[0, index]).any(axis=1)).tolist()
        if others:
            ranks = ', '.join(map(str, others))
            raise ValueError(
                f'the processes train with different {what}: rank {ranks} has other {what} than '
                f'rank 0. All processes have to do the same: {WHAT_TO_DO[what]}'
            )


def fingerprint(trainer: 'Trainer') -> dict[str, str]:
    """What decides the results of a training, by subject, as text."""
    model, loader = trainer.model, trainer.train_dataloader.dataloader
    whole = isinstance(loader, TensorLoader)
    return {
        'versions': f'{d2lite.__version__} {trainer.backend} {trainer.framework_version}',
        'code': ' '.join(_code(type(thing)) for thing in (model, trainer)),
        'settings': f'{_plain(trainer)} {_plain(model)}',
        'seed': f'{seeds.get_state()} {(loader.seed, loader.epoch) if whole else ""}',
        'data': loader.fingerprint if whole else str(trainer.num_train_batches),
    }


def _plain(thing: Any) -> list:
    """The arguments it was made with, as far as they are plain values."""
    hparams = getattr(thing, 'hparams', {})
    if dataclasses.is_dataclass(thing):  # as models on JAX are
        # Without `init_seed`, which follows from the seed of all.
        fields = [each.name for each in dataclasses.fields(thing) if each.compare]
        hparams = {name: getattr(thing, name) for name in fields}
    return [(name, value) for name, value in sorted(hparams.items()) if isinstance(value, PLAIN)]


def _code(cls: type) -> str:
    """The methods of a class that a lesson has written."""
    classes = [base for base in cls.__mro__ if written_by_user(base.__module__)]
    functions = {
        f'{base.__name__}.{name}': inspect.unwrap(each)
        for base in [*classes, cls]
        for name, each in vars(base).items()
        if inspect.isfunction(each) and written_by_user(each.__module__)
    }
    return ' '.join([cls.__name__, *(f'{n} {_of(f.__code__)}' for n, f in functions.items())])


def _of(code: CodeType) -> list:
    # Not where it stands: a cell of a notebook has a file of its own in each process.
    return [code.co_code.hex(), code.co_names, *map(_constant, code.co_consts)]


def _constant(value):
    if isinstance(value, CodeType):
        return _of(value)
    # Each process has an order of its own for a set of strings.
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)
