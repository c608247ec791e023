"""The pages of one run, which refer to each other: labels, links, literature, pictures.

    book = Book({Path('one.md'): page, Path('two.md'): other})
    for problem in book.problems():
        print(problem)                          # one.md:3: No page of this run has the label …
    references = book.references(Path('one.md'), '.html')
    print(to_markdown(part.text, references))

The paths are the places of the pages below the folder that is run. A page knows its own labels
first, then those of the other pages in their order.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from posixpath import relpath
from urllib.parse import quote

from d2lite.pages.reading.blocks import Prose
from d2lite.pages.reading.labels import Label, find_labels
from d2lite.pages.reading.literature import LiteratureError, Work, read_works
from d2lite.pages.reading.marks import marks
from d2lite.pages.reading.page import Page
from d2lite.pages.reading.pictures import is_missing
from d2lite.pages.reading.quarto import left_out
from d2lite.pages.reading.references import References, keys_of


class Book:
    """The pages of one run, by their places.

    `lists` are the works that each lists, by file and key; `literature` those of the BibTeX files
    that its front matter or its project names.
    """

    def __init__(self, pages: Mapping[Path, Page]) -> None:
        self.pages = dict(pages)
        self.labels = {place: find_labels(page.parts) for place, page in self.pages.items()}
        self.works = {}  # of each BibTeX file
        self.wrong_files = {}  # what is wrong with one
        self.lists = {place: self._read(place, self._listed(place)) for place in self.pages}
        self.literature = {
            place: self._read(place, page.bibliography) for place, page in self.pages.items()
        }

    def references(
        self,
        place: Path,
        suffix: str,
        tab: str | None = None,
        picture: Callable[[str], str] = str,
    ) -> References:
        """What the page at `place` may refer to, where pages are written as files with `suffix`.

        With `tab`, other pages are known if they have it, and if they have cells. `picture` makes
        of the address of a picture the one that is written.
        """
        page = self.pages[place]
        own = find_labels(page.parts_for_tab(tab) if tab else page.parts)
        known = {name: (label, '') for name, label in own.items()}
        works, pages = {}, {}
        for other, of_other in self.pages.items():
            if other != place and tab and not _is_on(tab, of_other):
                for found in self.lists[other].values():
                    works = {key: (work, None) for key, work in found.items()} | works
                continue
            address = self._address(place, other, suffix)
            pages[other.as_posix()] = (of_other.title, address)
            address = '' if other == place else address
            for name, label in self.labels[other].items():
                known.setdefault(name, (self._from_outside(label, of_other), address))
            for found in self.lists[other].values():
                for key, work in found.items():
                    if key not in works or other == place:
                        works[key] = (work, address)
        for found in self.literature[place].values():
            works = {key: (work, None) for key, work in found.items()} | works
        # A work is in the list that its citations lead to, and in no other.
        lists = {
            name: [work for key, work in found.items() if works[key][1] == '']
            for name, found in self.lists[place].items()
        }
        return References(known, pages, works, lists, place.parent.as_posix(), picture)

    def neighbours(
        self, place: Path, suffix: str
    ) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
        """The title and the address of the page before and of the page after that at `place`."""
        places = list(self.pages)
        at = places.index(place)
        around = places[at - 1] if at else None, places[at + 1] if at + 1 < len(places) else None
        found = [
            other and (self.pages[other].title, self._address(place, other, suffix))
            for other in around
        ]
        return found[0], found[1]

    def problems(self) -> Iterator[str]:
        """What leads nowhere, a sentence for each, which begins with `file:line:`."""
        for place, page in self.pages.items():
            references, told = self.references(place, ''), set()
            for part in page.parts:
                for mark, line in marks(part) if isinstance(part, Prose) else ():
                    problem = self._problem(page, references, mark)
                    if problem and problem not in told:
                        told.add(problem)
                        yield f'{page.path}:{line}: {problem}'
                for problem, line in left_out(part) if isinstance(part, Prose) else ():
                    yield f'{page.path}:{line}: {problem}'

    def _problem(self, page, references, mark) -> str:
        role, name = mark['role'], mark['name']
        if role in ('numref', 'ref', 'eqref') and name not in references.labels:
            return f'No page of this run has the label {name}; words stand in place of a link.'
        if role and role.startswith('cite'):
            wrong = self._wrong(page, page.bibliography)
            keys = [key for key in keys_of(name) if key not in references.works]
            if keys and not wrong and (page.bibliography or any(self.lists.values())):
                return f'No bibliography of this run has {", ".join(keys)}.'
            return wrong
        if role == 'bibliography':
            return self._wrong(page, keys_of(name))
        if mark['target'] and references.page_at(mark['target']) is None:
            if not mark['target'].startswith('/') and mark['target'].endswith('.md'):
                return f'The link to {mark["target"]} leads to no page of this run.'
        address = mark['picture'] or mark['source']
        if address and is_missing(page.path.parent, address.strip('<>')):
            return f'There is no picture {address.strip("<>")} beside the page.'
        return ''

    def _listed(self, place) -> list[str]:
        """The BibTeX files whose lists of references stand on the page."""
        parts = [part for part in self.pages[place].parts if isinstance(part, Prose)]
        found = [mark for part in parts for mark, _ in marks(part)]
        named = [mark['name'] for mark in found if mark['role'] == 'bibliography']
        return [file for names in named for file in keys_of(names)]

    def _read(self, place, names) -> dict[str, dict[str, Work]]:
        """The works of the files that can be read, each file read once."""
        found = {}
        for name in names:
            path = (self.pages[place].path.parent / name).resolve()
            if path not in self.works and path not in self.wrong_files:
                try:
                    self.works[path] = read_works(path, self._cited)
                except LiteratureError as error:
                    self.wrong_files[path] = str(error)
            if path in self.works:
                found[name] = self.works[path]
        return found

    def _wrong(self, page, names) -> str:
        paths = [(page.path.parent / name).resolve() for name in names]
        return next((self.wrong_files[path] for path in paths if path in self.wrong_files), '')

    @cached_property
    def _cited(self) -> list[str]:
        parts = [part for page in self.pages.values() for part in page.parts]
        found = [mark for part in parts if isinstance(part, Prose) for mark, _ in marks(part)]
        named = [mark['name'] for mark in found if (mark['role'] or '').startswith('cite')]
        return [key for names in named for key in keys_of(names)]

    def _address(self, place: Path, other: Path, suffix: str) -> str:
        target = other.with_name(other.stem + suffix).as_posix()
        return quote(relpath(target, place.parent.as_posix()))

    def _from_outside(self, label: Label, page: Page) -> Label:
        """The label as another page speaks of it: a number is that of its page."""
        if label.kind == 'section':
            return label
        words = f'{label.text} of “{page.title}”'
        return Label(label.name, label.kind, words, label.caption, label.line)


def _is_on(tab: str, page: Page) -> bool:
    """True if a file is written of this page on this tab alone."""
    return bool(page.cells) and (not page.tabs or tab in page.tabs)
