"""What `d2l.NAME` is: a name of the backend, or what a page of the course saves.

A face (`d2lite.torch`, …) has the names of its backend. What it lacks, and names in which a course
has a say, are looked up here. The course is that of the page that runs; in a notebook or a script,
the one whose file d2lite.toml is in the working directory or above it. Elsewhere there is none, and
a face is its backend.
"""

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from d2lite import interface, selection

if TYPE_CHECKING:
    from d2lite.pages.course.folder import Course
    from d2lite.pages.course.library import Library

FACES = {'pytorch': 'torch'} | {name: name for name in ('jax', 'tensorflow', 'mxnet', 'nnx')}


class Asking:
    """Who asks for names in this process: a page of a course, or its user."""

    course: 'Course | None' = None
    page: Path | None = None
    tab: str | None = None  # of the page, where it is not the name of the backend
    variables: dict[str, Any] | None = None  # of the page

    def __init__(self) -> None:
        self.known = False
        self.libraries: dict[str, Library] = {}  # by backend

    def begin(self) -> None:
        """Looks for a course above the working directory, unless a page has been named."""
        if self.known:
            return
        self.known = True
        here = Path.cwd()
        if any(os.path.isfile(folder / 'd2lite.toml') for folder in (here, *here.parents)):
            from d2lite.pages.course.folder import find_course

            self.course = find_course(here, named=True)
            self.use_data_folder()

    def use_data_folder(self) -> None:
        """Makes downloads go to the folder of the course, if it names one."""
        if self.course and self.course.data:
            os.environ.setdefault('D2LITE_DATA', str(self.course.data))


asking = Asking()


def ask_for_page(
    course: 'Course | None',
    page: Path | None = None,
    tab: str | None = None,
    variables: dict[str, Any] | None = None,
) -> None:
    """Makes a page of a course the one that asks, before any face is imported; None: no course."""
    asking.known, asking.course = True, course
    asking.page, asking.tab, asking.variables = page, tab, variables
    asking.use_data_folder()


def face_of(backend: str) -> ModuleType:
    """The face of a backend; somebody else's gets one. Raises BackendError if it is missing."""
    package = selection.load(backend)
    if backend in FACES:
        return importlib.import_module(f'd2lite.{FACES[backend]}')
    if backend not in _others:
        face = ModuleType(f'd2lite.faces.{backend}', package.__doc__)
        _others[backend] = sys.modules[face.__name__] = face
        vars(face).update(own_names(package))
        face.__getattr__ = lambda name: look_up(backend, vars(face), name)
        prepare(backend, vars(face))
    return _others[backend]


def own_names(package: ModuleType) -> dict[str, Any]:
    """The names that a backend offers."""
    names = getattr(package, '__all__', [name for name in vars(package) if name[0] != '_'])
    return {name: getattr(package, name) for name in names}


def prepare(backend: str, names: dict[str, Any]) -> None:
    """Takes from a face the names in which a course has a say, so that `look_up` is asked.

    `names` is the namespace of the face.
    """
    asking.begin()
    if asking.course is None:
        return
    from d2lite.pages.course.definitions import Definitions
    from d2lite.pages.course.library import Library

    definitions = Definitions(asking.course, asking.tab or backend, asking.page)
    own = own_names(selection.load(backend))
    asking.libraries[backend] = library = Library(
        definitions,
        own,
        sys.modules[names['__name__']],
        lambda name: interface.module(backend, name),
        asking.course.prefer,
        asking.page,
        asking.variables,
    )
    for name in library.contested():
        names.pop(name, None)


def look_up(backend: str, names: dict[str, Any], name: str) -> Any:
    """What a face does not have yet. Raises AttributeError for a name that nobody has."""
    library = asking.libraries.get(backend)
    if name.startswith('__'):
        raise interface.missing(backend, name)
    if library is None:
        return interface.module(backend, name)
    value = library.value(name)
    if library.is_lasting(name):
        names[name] = value
    return value


def told() -> dict[str, list[str]]:
    """What a course has lent so far, and which methods it has that d2lite's classes have too.

    Keys: `lent` and `kept`; `squared: first.md:12` is one of the lines.
    """
    libraries = asking.libraries.values()
    lent = [each for library in libraries for each in library.lent.items()]
    kept = [each for library in libraries for each in library.kept]
    line = '{}: {}'.format
    return {
        'lent': [line(name, place.where(asking.course)) for name, place in lent],
        'kept': [line(name, place.where(asking.course)) for name, place in kept],
    }


_others: dict[str, ModuleType] = {}
