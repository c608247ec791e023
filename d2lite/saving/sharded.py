"""Checkpoints of arrays that are divided between processes: a folder, to which all of them write.

    FOLDER/checkpoint.safetensors   a checkpoint like others, with a note for each divided array
    FOLDER/parts-1/                 the parts of these arrays, in the format of the engine

No process ever has the whole of a divided array. The checkpoint says which parts are its own, and
takes the place of the last one when these are complete: until then, that one can be read.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from d2lite.saving.storage import FileError

CHECKPOINT = 'checkpoint.safetensors'


def divides(trainer: Any) -> bool:
    """Returns True if each device has a part of the state only."""
    return trainer.strategy == 'fsdp' and trainer.trains_together


def file_of(path: str | os.PathLike) -> Path:
    """The file with which the checkpoint at `path` begins. Raises FileError for other folders."""
    path = Path(path)
    if not path.is_dir():
        return path
    if not (path / CHECKPOINT).is_file():
        raise FileError(
            f'{path}: a folder without {CHECKPOINT}: it is no checkpoint, or one that was never '
            f'complete'
        )
    return path / CHECKPOINT


def has_checkpoint(path: Path) -> bool:
    """Returns True if there is a file, or a folder with one, that may be a checkpoint."""
    return path.is_file() or (path / CHECKPOINT).is_file()


def save(trainer: Any, path: str | os.PathLike, write: Callable[[Path, dict], None]) -> None:
    """Writes a checkpoint to the folder `path`, in all processes.

    `write(file, state)` writes the checkpoint itself, with what is different in this one.
    """
    folder = Path(path)
    trainer.on_first(lambda: _make(folder))
    name = trainer.processes.all_of(_next_name(folder))[0]
    parts = {}
    notes = trainer.serialization.get_state(trainer, lambda array: note(array, parts))
    trainer.serialization.write_parts(folder / name, parts)

    def complete():
        files = _digests(folder / name)
        state = {'training': notes, 'parts': {'folder': name, 'files': files}}
        write(folder / CHECKPOINT, state | {'parameters': trainer.serialization.shapes(trainer)})
        for other in set(folder.glob('parts-*')) - {folder / name}:
            shutil.rmtree(other)

    trainer.on_first(complete)


def load(trainer: Any, file: Path, state: dict) -> Any:
    """The training in the checkpoint `file`, with parts as they are divided now.

    Raises FileError if a part is missing or damaged.
    """
    folder = file.parent / state['parts']['folder']

    def check():
        found = _digests(folder)
        for name, digest in state['parts']['files'].items():
            if found.get(name) != digest:
                wrong = 'is damaged' if name in found else 'is missing'
                raise FileError(f'{folder / name}: a part of the checkpoint {wrong}')

    trainer.on_first(check)
    notes = {}
    visit(state['training'], lambda each: notes.update({each['part']: each}))
    parts = trainer.serialization.read_parts(trainer, folder, notes)
    return visit(state['training'], lambda each: parts[each['part']])


def note(array: Any, parts: dict[str, Any]) -> dict:
    """What stands in a checkpoint for a divided array, which is added to `parts`."""
    name = str(len(parts))
    parts[name] = array
    dtype = str(array.dtype).rpartition('.')[2]  # torch.float32 is float32
    return {'part': name, 'shape': list(array.shape), 'dtype': dtype}


def without_values(shapes: dict[str, list[int]]) -> dict[str, np.ndarray]:
    """Arrays of these shapes, for comparing; they take no memory."""
    return {name: np.broadcast_to(np.zeros(()), shape) for name, shape in shapes.items()}


def _make(folder):
    if folder.is_file():
        raise FileExistsError(
            f'{folder} is a file, and the checkpoint of a divided training is a folder: name '
            f'another path, or remove the file'
        )
    folder.mkdir(exist_ok=True)


def _next_name(folder):
    numbers = [int(each.name.partition('-')[2]) for each in folder.glob('parts-*')]
    return f'parts-{max(numbers, default=0) + 1}'


def _digests(folder):
    """By name: the SHA-256 of each file in a folder."""
    found = {}
    for path in sorted(each for each in folder.rglob('*') if each.is_file()):
        with open(path, 'rb') as file:
            digest = hashlib.file_digest(file, 'sha256').hexdigest()
        found[path.relative_to(folder).as_posix()] = digest
    return found


def visit(state: Any, function: Callable[[dict], Any]) -> Any:
    """The state with `function(note)` in place of each note."""
    if isinstance(state, dict):
        if state.keys() == {'part', 'shape', 'dtype'}:
            return function(state)
        return {key: visit(value, function) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(visit(value, function) for value in state)
    return state
