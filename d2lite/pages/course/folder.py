"""The folder of a course: its title, its tabs, and its pages in order.

    [course]                            # d2lite.toml
    title = "A small course"
    tabs = ["pytorch", "jax"]           # of pages that are for all tabs
    pages = ["first.md", "part/*.md"]   # in this order; else the table of contents, else by name
    prefer = "d2lite"                   # or "course": whose definition of a name counts
    data = "data"                       # the folder that downloads go to
    unmarked = "all"                    # a cell without a mark is for all tabs, or for the "first"

Without this file, a course is the nearest folder with a table of contents; see contents.py. If the
contents of a folder above lead there, it is the folder above.
"""

import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from d2lite import selection
from d2lite.pages.course.contents import contents, has_quarto
from d2lite.pages.reading.blocks import canonical_tabs

FILE = 'd2lite.toml'
SUFFIXES = ('.md', '.qmd')
CHOICES = {'prefer': ('d2lite', 'course'), 'unmarked': ('all', 'first')}


class CourseError(ValueError):
    """The file of a course is wrong; the message begins with its name."""


@dataclass(frozen=True)
class Course:
    """A course; `patterns` are what its file says of its pages."""

    folder: Path
    patterns: tuple[str, ...] = ()
    title: str = ''
    tabs: tuple[str, ...] = ()
    prefer: str = 'd2lite'
    data: Path | None = None
    unmarked: str = 'first'

    @cached_property
    def pages(self) -> tuple[Path, ...]:
        """The pages in the order of the course, as absolute paths. Raises CourseError."""
        if self.patterns:
            found = [page for pattern in self.patterns for page in self._matching(pattern)]
        else:
            found = contents(self.folder) or page_files(self.folder)
        return tuple(dict.fromkeys(found))

    def _matching(self, pattern: str) -> list[Path]:
        found = [path for path in sorted(self.folder.glob(pattern)) if path.is_file()]
        if not found:
            where = self.folder / FILE
            raise CourseError(f'{where}: pages has {pattern!r}, and there is no such file')
        return found

    def preferring(self, choice: str) -> 'Course':
        """The same course, with `'d2lite'` or `'course'` as whose definition of a name counts."""
        return replace(self, prefer=choice)

    def place(self, page: Path) -> str:
        """The path of a page below the folder, as messages have it."""
        return page.relative_to(self.folder).as_posix()


def find_course(path: Path, *, named: bool = False) -> Course | None:
    """The course that a page or a folder belongs to, or None.

    With `named`, only a course with a file d2lite.toml counts. Raises CourseError.
    """
    path = path.resolve()
    above = [path, *path.parents] if path.is_dir() else list(path.parents)
    for folder in above:
        settings = _settings(folder)
        if settings is not None:
            return _course(folder, settings)
    if named:
        return None
    for folder in above:
        if contents(folder):
            return _course(_outermost(folder), None)
    return None


def course_in(folder: Path) -> Course:
    """The course in exactly this folder, whose pages are all it holds if it has no contents.

    Raises CourseError.
    """
    folder = folder.resolve()
    return _course(folder, _settings(folder))


def page_files(folder: Path) -> list[Path]:
    """The files in a folder and below that may be pages, by name; hidden folders are left out."""
    found = (path for suffix in SUFFIXES for path in folder.rglob(f'*{suffix}'))
    parts = {path: path.relative_to(folder).parts for path in found}
    return sorted(p for p in parts if not any(part.startswith(('.', '_')) for part in parts[p]))


def _outermost(folder: Path) -> Path:
    for above in folder.parents:
        if any(folder in page.parents for page in contents(above)):
            folder = above
    return folder


def _settings(folder: Path) -> dict | None:
    """The table [course] of the file in this folder, checked; None if there is none."""
    path = folder / FILE
    try:
        settings = tomllib.loads(path.read_text(encoding='utf-8')).get('course')
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(f'{path}: {error}') from None
    if settings is None:
        return None
    known = {'title': str, 'tabs': list, 'pages': list, 'prefer': str, 'data': str, 'unmarked': str}
    for key, value in settings.items():
        if key not in known:
            raise CourseError(f'{path}: [course] has no key {key!r}; it has {", ".join(known)}')
        if not isinstance(value, known[key]):
            kind = 'a list of strings' if known[key] is list else 'a string'
            raise CourseError(f'{path}: {key} is {kind}, not {value!r}')
        if value not in CHOICES.get(key, [value]):
            raise CourseError(f'{path}: {key} is one of {CHOICES[key]}, not {value!r}')
    return settings


def _course(folder: Path, settings: dict | None) -> Course:
    default = 'first' if settings is None and not has_quarto(folder) else 'all'
    settings, where = settings or {}, folder / FILE
    try:
        tabs = tuple(canonical_tabs(settings.get('tabs', [])))
    except selection.BackendError as error:
        raise CourseError(f'{where}: {error}') from None
    return Course(
        folder,
        tuple(settings.get('pages', ())),
        settings.get('title', ''),
        tabs,
        settings.get('prefer', 'd2lite'),
        folder / settings['data'] if 'data' in settings else None,
        settings.get('unmarked', default),
    )
