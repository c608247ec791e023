"""The functions that the runner calls in the kernel, before the first cell and after the last."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from d2lite import faces, seeds, selection
from d2lite.pages.compat import lending
from d2lite.pages.course.folder import find_course
from d2lite.pages.jupyter import aliases, tab
from d2lite.saving import storage

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

MIMETYPE = 'application/x-d2lite-report'
MAX_SIZE = 100  # elements of an array that is reported in full


def set_up(
    name: str,
    seed: int | None = None,
    compat: bool = False,
    page: str | None = None,
    prefer: str | None = None,
    backend: str | None = None,
) -> None:
    """Makes this the kernel of tab `name`, with its framework imported, and seeded if asked for.

    The framework is imported first because its backend may have to patch it: a page may import
    mxnet itself, which works with current NumPy only after d2lite has imported it.

    `page` is the file of the page: what other pages of its course save is found from there.
    `prefer` is 'course' or 'd2lite', if something else than the course says.

    `backend` is the one that the tab runs on, if it is not that of the tab's name; see
    reading/style.py. It is what the page gets where it imports that of its tab.

    `d2l` and `tab` are there from the start: on some tabs a page uses them though only another
    tab imports them.
    """
    from IPython import get_ipython

    if compat:
        lending.lend()
    aliases.install()
    tab.select(name)
    course = find_course(Path(page)) if page else None
    if course and prefer:
        course = course.preferring(prefer)
    faces.ask_for_page(course, page and Path(page), name, get_ipython().user_ns)
    face = faces.face_of(backend or name)
    if backend not in (None, name):
        aliases.exchange(faces.FACES[name], face)
    get_ipython().push({'d2l': face, 'tab': tab.Tab()})
    if seed is not None:
        seeds.seed_everything(seed)


def report(shell: 'InteractiveShell', name: str, show: list[str]) -> None:
    """Sends the runner a summary of tab `name`, as JSON.

    Keys: `framework`, `version`, `devices`; `device` and `history` of the page's trainer, if it has
    one; `show`, the values of the names asked for; `lent`, the old names that were used, in
    sentences; `course`, what its pages have lent, see faces.told; `notes`, the errors of parts that
    failed.
    """
    from IPython.display import publish_display_data

    parts = {
        'framework': lambda: _framework(name),
        'trainer': lambda: _training(shell.user_ns, name),
        'lent': lambda: {'lent': [old.sentence for old in lending.used_names(shell.user_ns)]},
        'course': lambda: {'course': faces.told()} if faces.asking.course else {},
        'show': lambda: {'show': {n: _plain(shell.user_ns.get(n), name) for n in show}},
    }
    values, notes = {}, []
    for what, part in parts.items():
        try:
            values |= part()
        except Exception as error:
            notes.append(f'no {what} in the summary: {type(error).__name__}: {error}')
    publish_display_data({MIMETYPE: json.dumps(values | {'notes': notes})})


def save_variables(shell: 'InteractiveShell', name: str, path: str) -> None:
    """Writes the numeric variables of the page and its trained parameters to `path`.

    Tensors, NumPy arrays and plain numbers go by the names of their variables, the parameters of a
    trainer by `trainer.w` and the like.
    """
    backend = selection.load(name)
    arrays = {}
    for variable, value in shell.user_ns.items():
        if variable.startswith('_') or isinstance(value, type | bool):
            continue
        if isinstance(value, backend.Trainer) and hasattr(value, 'model'):
            parameters = value.serialization.get_parameters(value)
            arrays |= {f'{variable}.{key}': array for key, array in parameters.items()}
        elif isinstance(value, int | float) or (
            hasattr(value, 'dtype') and hasattr(value, 'shape')
        ):
            array = np.asarray(backend.numpy(value))
            if array.dtype.kind in 'biuf':
                arrays[variable] = array
    storage.write(path, 'variables', arrays, {})


def _framework(name):
    framework = selection.load(name).framework
    return {
        'framework': framework.NAME,
        'version': framework.version(),
        'devices': [str(device) for device in framework.device_names()],
    }


def _training(namespace, name):
    """The device and the history of `trainer`, or of the trainer that was assigned last."""
    trainer = namespace.get('trainer')
    if not hasattr(trainer, 'history'):
        kind = selection.load(name).Trainer
        trainers = [value for value in namespace.values() if isinstance(value, kind)]
        if not trainers:
            return {}
        trainer = trainers[-1]
    history = getattr(trainer, 'history', [])
    return {
        'device': str(getattr(trainer, 'device', '')),
        'history': [{key: _plain(value, name) for key, value in row.items()} for row in history],
    }


def _plain(value, name):
    """`value` as JSON has it: a scalar, nested lists of a small array, or a short text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each, name) for each in value[:MAX_SIZE]]
    if hasattr(value, 'shape') and not isinstance(value, np.ndarray | np.generic):
        value = selection.load(name).numpy(value)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in 'biuf':
        return value.tolist() if value.size <= MAX_SIZE else f'array of shape {value.shape}'
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + '…'
