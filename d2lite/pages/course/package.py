"""The library of a course as a package: a module for each tab, on top of d2lite.

    from my_course import torch as d2l

The code stands as its authors wrote it, each piece below the name of its page. In it `d2l` is the
module itself, which has what d2lite lacks and passes on what d2lite has.
"""

import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from d2lite.faces import FACES
from d2lite.files import replace_file, would_lose_work
from d2lite.pages.course.definitions import Place
from d2lite.pages.course.imports import Imports
from d2lite.pages.course.lint import Problem
from d2lite.pages.course.ordering import in_order
from d2lite.pages.course.saved_code import read_lines
from d2lite.pages.course.survey import Survey
from d2lite.pages.export.writer import in_the_way
from d2lite.pages.rewriting.code import without_save_marks
from d2lite.pages.rewriting.tabs import Unresolvable, resolve

FIRST = '''\
"""{title} on {tab}: what its pages save, on top of d2lite.

`d2lite library` has written this file; change the pages, and write it again.
"""

import sys
from typing import TYPE_CHECKING

from d2lite import {face} as _d2lite

if TYPE_CHECKING:  # for editors; what is not below is d2lite's
    from d2lite.{face} import *  # noqa: F403

# What the pages call d2l is this module.
d2l = sys.modules[__name__]


def __getattr__(name):
    return getattr(_d2lite, name)


def __dir__():
    return sorted({{*globals(), *dir(_d2lite)}})
'''


@dataclass
class Package:
    """The files of a package by their names, and what could not be written."""

    files: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def package_of(survey: Survey, name: str) -> Package:
    """The package of a course. Raises ValueError for a name that cannot be imported."""
    if not name.isidentifier():
        raise ValueError(f'--output: {name!r} is no name for a package: letters, digits and _')
    title = survey.course.title or survey.course.folder.name
    package = Package({'__init__.py': f'"""{title}: the library of its pages."""\n'})
    for tab in survey.tabs:
        if tab in FACES:
            package.files[f'{FACES[tab]}.py'] = _module(survey, tab, title, package.problems)
    return package


def write_package(package: Package, folder: Path, force: bool = False) -> list[Path]:
    """Writes the files. Raises ValueError, before it writes any, if one would lose work."""
    files = {folder / name: text for name, text in package.files.items()}
    for path, text in files.items():
        if not force and would_lose_work(path, text):
            raise ValueError(in_the_way(path, '--output takes another folder'))
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        replace_file(path, text)
    return list(files)


def _module(survey: Survey, tab: str, title: str, problems: list[Problem]) -> str:
    imports = Imports(survey, tab)
    pieces = []
    for place in in_order(survey, tab):
        try:
            code = _code(survey, tab, place)
        except (Unresolvable, SyntaxError) as error:
            problems.append(_problem(place, tab, f'left out of the package: {error}'))
            continue
        if conflict := imports.add(place):
            problems.append(_problem(place, tab, conflict))
            continue
        pieces.append(f'# {place.where(survey.course)}\n{code}\n')
    first = FIRST.format(title=title, tab=tab, face=FACES[tab])
    head, end = first.split('from d2lite import', 1)
    lines = imports.lines()
    first = head + ''.join(f'{line}\n' for line in lines) + ('\n' if lines else '')
    return '\n\n'.join([first + 'from d2lite import' + end, *pieces])


def _code(survey: Survey, tab: str, place: Place) -> str:
    """The text of a saved statement as it is on a tab, without the mark."""
    statement = place.statement
    lines = read_lines(place.page)[statement.first - 1 : statement.last]
    code = resolve(textwrap.dedent('\n'.join(lines)), tab)
    code = '\n'.join(line.rstrip() for line in without_save_marks(code).split('\n')).strip('\n')
    owner = survey.whose(tab, statement.target)
    if statement.method and owner == 'd2lite':  # its own methods stay
        code = textwrap.indent(code, '    ')
        return f"if not hasattr(_d2lite.{statement.target}, '{statement.method}'):\n\n{code}"
    return code


def _problem(place: Place, tab: str, text: str) -> Problem:
    return Problem(str(place.page), place.statement.first, text, True, (tab,))
