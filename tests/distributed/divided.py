"""Checkpoints of divided parameters, in processes that train together: `divided.py BACKEND FOLDER`.

Rank r writes what it has found to FOLDER/found.r.json.
"""

import json
import sys
from pathlib import Path

import numpy as np
import rules  # noqa: F401 - it finds the folder of the next ones
from contract import small_data
from models import dropout_model

from d2lite import selection
from d2lite.saving import sharded, storage

STEPS = 7  # of 5 an epoch


def fit(d2l, **kwargs):
    d2l.seed_everything(0)
    path = kwargs.pop('ckpt_path', None)
    trainer = d2l.Trainer(**{'max_epochs': 3} | kwargs)
    trainer.fit(dropout_model(d2l), small_data(d2l, num_train=74), ckpt_path=path)
    return trainer


def state_of(trainer):
    """Parameters and optimizer state, as arrays."""
    arrays, _ = storage.pack(trainer.serialization.get_state(trainer))
    return arrays


def difference(one, other):
    one, other = one.get_parameters(), other.get_parameters()
    return max(float(np.abs(one[key] - other[key]).max()) for key in one)


def found(d2l, folder):
    path, after, file = folder / 'within', folder / 'after', folder / 'file'
    divided = fit(d2l, strategy='fsdp')
    saving = {'checkpoint_every': STEPS, 'checkpoint_path': path}
    stopped = fit(d2l, strategy='fsdp', max_steps=STEPS, **saving)
    np.savez(folder / f'state.{stopped.rank}.npz', **state_of(stopped))
    report = {
        'names': names_in(path),
        'written': in_checkpoint(path),
        'fsdp': difference(divided, fit(d2l, ckpt_path=path, strategy='fsdp')),
        'auto': difference(divided, fit(d2l, ckpt_path=path)),
    }
    # When training has ended, with random numbers as they are then; and once more, but cut off.
    d2l.seed_everything(1)
    stopped.save_checkpoint(after)
    report['cut off'] = cut_off(stopped, after)
    report['names when cut off'] = names_in(after)
    trained = fit(d2l, max_steps=STEPS)
    d2l.seed_everything(1)
    trained.save_checkpoint(file)
    again = [fit(d2l, ckpt_path=each, strategy='fsdp') for each in (after, file)]
    report['folder or file'] = difference(*again)
    stopped.save_checkpoint(after)
    report['names after it'] = names_in(after)
    report['is a file'] = error_of(lambda: stopped.save_checkpoint(file))
    return report


def names_in(path):
    return sorted(each.name for each in path.glob('*'))


def in_checkpoint(path):
    """The shapes of the arrays in the checkpoint itself, and of those it has a note of."""
    arrays, values = storage.read(sharded.file_of(path), 'checkpoint')
    state, notes = storage.unpack(arrays, values['state']), []
    sharded.visit(state['training'], lambda note: notes.append(note['shape']))
    return {'arrays': sorted(list(array.shape) for array in arrays.values()), 'notes': notes}


def cut_off(trainer, path):
    """The error of a checkpoint whose parts are written, but no more."""

    def fails(*args):
        raise OSError('no space left')

    write, storage.write = storage.write, fails
    try:
        return error_of(lambda: trainer.save_checkpoint(path))
    finally:
        storage.write = write


def error_of(function):
    try:
        function()
    except Exception as error:
        return f'{type(error).__name__}: {error}'


if __name__ == '__main__':
    backend, folder = sys.argv[1:]
    d2l = selection.load(backend)
    report = found(d2l, Path(folder))
    rank = d2l.Trainer(max_epochs=1).rank
    (Path(folder) / f'found.{rank}.json').write_text(json.dumps(report))
