"""A course that a test writes, and its names without any framework."""

import types

import pytest

from d2lite.pages.course import index
from d2lite.pages.course.definitions import Definitions
from d2lite.pages.course.folder import course_in
from d2lite.pages.course.library import Library


class Trainer:
    """A class of d2lite, as the tests have it."""

    def fit(self):
        return 'of d2lite'


def add_to_class(cls):
    return lambda method: setattr(cls, method.__name__, method)


def absent(name):
    raise AttributeError(name)


def cell(code, tab='pytorch'):
    mark = f'%%tab {tab}\n' if tab else ''
    return f'```{{.python .input}}\n{mark}{code}\n```\n\n'


class Small:
    """A folder of pages, and what `d2l` is on one of them."""

    def __init__(self, folder):
        self.folder = folder
        (folder / 'd2lite.toml').write_text('[course]\n')

    def write(self, **pages):
        for name, text in pages.items():
            (self.folder / f'{name}.md').write_text(text)

    def configure(self, text):
        (self.folder / 'd2lite.toml').write_text(f'[course]\n{text}\n')

    def course(self):
        return course_in(self.folder)

    def library(self, page=None, tab='pytorch', variables=None):
        """The library that `page` asks; d2lite has `Trainer`, `TimeMachine` and a few more."""
        course = self.course()
        page = page and self.folder / f'{page}.md'
        own = {
            'Trainer': type('Trainer', (Trainer,), {}),
            'TimeMachine': 'of d2lite',
            'add_to_class': add_to_class,
            'DATA_HUB': {},
            'download': 'of d2lite',
            'abs': 'of d2lite',
        }
        face = types.ModuleType('d2l')
        library = Library(
            Definitions(course, tab, page),
            own,
            face,
            absent,
            course.prefer,
            page,
            variables,
        )
        face.__getattr__ = library.value
        return library


@pytest.fixture
def small(tmp_path, monkeypatch):
    cache = tmp_path / 'cache'
    monkeypatch.setattr(index.platformdirs, 'user_cache_path', lambda name: cache / name)
    folder = tmp_path / 'course'
    folder.mkdir()
    return Small(folder)
