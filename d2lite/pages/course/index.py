"""What the pages of a course save, page by page and tab by tab, remembered from run to run.

The index is a file in the user's cache folder. A page is read again if its content has changed, so
that a start costs little more than reading the files.
"""

import contextlib
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import platformdirs

import d2lite
from d2lite import selection
from d2lite.files import replace_file
from d2lite.pages.course.folder import Course
from d2lite.pages.course.saved import PageCode, Statement, code_of
from d2lite.pages.reading.page import PageError, read_page

EVERY_TAB = ''  # the key of a page without tabs


def index_of(course: Course) -> dict[Path, dict[str, PageCode]]:
    """What each page of the course saves, by tab, in the order of the course.

    A page that cannot be read saves nothing. A cache that cannot be written is no error.
    """
    file = _cache_file(course)
    kept, index = _read(file), {}
    for path in course.pages:
        place = course.place(path)
        digest = _digest(course, path)
        entry = kept.get(place, {})
        if entry.get('digest') != digest:
            entry = {'digest': digest, 'tabs': _as_data(read_code(path))}
        index[place] = entry
    if index != kept:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, json.dumps(index))
    return {
        path: {tab: _from_data(code) for tab, code in index[course.place(path)]['tabs'].items()}
        for path in course.pages
    }


def read_code(path: Path) -> dict[str, PageCode]:
    """What a page saves, by tab; nothing of one that cannot be read."""
    try:
        page = read_page(path, prose=True)
    except PageError:
        return {}
    tabs = page.tabs or ([] if page.other_tabs else [EVERY_TAB])
    if not page.cells:
        return {}
    return {tab: code_of(page.for_tab(tab) if tab else list(page.cells), tab) for tab in tabs}


def _cache_file(course: Course) -> Path:
    name = hashlib.sha256(str(course.folder).encode(errors='surrogateescape')).hexdigest()[:16]
    return platformdirs.user_cache_path('d2lite') / 'courses' / f'{name}.json'


def _digest(course: Course, path: Path) -> str:
    """A number for the content of a page and for what else decides how it is read."""
    try:
        content = path.read_bytes()
    except OSError:
        content = b''
    how = [d2lite.__version__, course.unmarked, course.tabs, list(selection.registered_backends())]
    return hashlib.sha256(json.dumps(how).encode() + content).hexdigest()[:16]


def _read(file: Path) -> dict:
    try:
        kept = json.loads(file.read_text(encoding='utf-8'))
        return kept if isinstance(kept, dict) else {}
    except (OSError, ValueError):
        return {}


def _as_data(tabs: dict[str, PageCode]) -> dict:
    return json.loads(json.dumps({tab: asdict(code) for tab, code in tabs.items()}))


def _from_data(data: dict) -> PageCode:
    def statements(key: str) -> tuple[Statement, ...]:
        return tuple(Statement(**{**each, 'names': tuple(each['names'])}) for each in data[key])

    lines = (tuple(data[key]) for key in ('stray', 'without_name'))
    return PageCode(statements('saved'), statements('imports'), *lines)
