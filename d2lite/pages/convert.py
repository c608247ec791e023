"""Pages to notebooks and back, for `d2lite convert`.

A page becomes a notebook: of one tab, or of all with a selector. A notebook becomes a page. A
folder stands for its pages; if it has none, for its notebooks.
"""

from dataclasses import dataclass
from pathlib import Path

import nbformat

from d2lite import selection
from d2lite.files import replace_file, would_lose_work
from d2lite.pages.export.writer import in_the_way
from d2lite.pages.reading.blocks import NoCells, NoTab, PageError
from d2lite.pages.reading.book import Book
from d2lite.pages.reading.page import Page, read_page
from d2lite.pages.reading.pictures import TakenAlong
from d2lite.pages.rewriting.page_of_notebook import read_notebook, to_page
from d2lite.pages.rewriting.plain_notebook import to_plain_notebook
from d2lite.pages.rewriting.tabbed_notebook import to_tabbed_notebook
from d2lite.pages.running.collect import find_pages
from d2lite.pages.running.tabs import tell_tabs_without_backend

SUFFIXES = '.md', '.ipynb'


@dataclass(frozen=True)
class Converted:
    """The files to write, by path; those that were asked for, and the problems, in sentences."""

    files: dict[Path, str | bytes]
    main: list[Path]
    problems: list[str]
    failed: list[str]  # pages of a folder that cannot be converted
    to_file: bool  # the only one goes to a file that was named


def convert(paths: list[Path], tab: str | None, output: Path | None) -> Converted:
    """What becomes of pages and notebooks; nothing is written.

    `tab` is a name, `'all'`, or None for the selected backend. `output` is a file; it is a folder
    if there are several sources, or a folder of them. Raises PageError or BackendError for what was
    named and cannot be converted, ValueError if nothing is left.
    """
    to_file = len(paths) == 1 and not paths[0].is_dir() and not (output and output.is_dir())
    base = output or Path('build' if any(path.is_dir() for path in paths) else '.')
    pages, notebooks, failed = {}, {}, []
    if any(path.suffix != '.ipynb' for path in paths) and tab != 'all':
        tab = selection.canonical_name(tab or selection.backend())
    for path, place, named in find_pages(paths, base, SUFFIXES):
        try:
            if path.suffix == '.ipynb':
                notebooks[place] = to_page(read_notebook(path), place.with_suffix('.md'))
            else:
                pages[place] = _checked(read_page(path), tab)
        except PageError as error:
            if named:
                raise
            if not isinstance(error, NoCells | NoTab):
                failed.append(str(error))
    if not pages and not notebooks and not failed:
        raise ValueError(f'Nothing in {", ".join(map(str, paths))} can be converted.')
    tell_tabs_without_backend(pages.values())
    book, files, main = Book(pages), {}, []
    for place in pages:
        suffix = '.ipynb' if tab == 'all' else f'.{tab}.ipynb'
        path = output if to_file and output else base / place.with_name(place.stem + suffix)
        main.append(path)
        files |= _notebook(book, place, tab, suffix, path)
    for place, (text, pictures) in notebooks.items():
        path = output if to_file and output else base / place.with_suffix('.md')
        main.append(path)
        files |= {path: text, **{path.parent / each: data for each, data in pictures.items()}}
    return Converted(files, main, list(book.problems()), failed, to_file)


def write(converted: Converted, force: bool) -> None:
    """Writes the files. Raises ValueError, before it writes any, if one would lose work.

    Raises OSError, with the name of the file, if it cannot be written.
    """
    for path, data in converted.files.items():
        if not force and would_lose_work(path, data):
            raise ValueError(in_the_way(path, '-o takes another name'))
    for path, data in converted.files.items():
        try:
            if not converted.to_file or path not in converted.main:
                path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None


def _checked(page: Page, tab: str) -> Page:
    """The page. Raises PageError if it cannot be converted for this tab."""
    if tab != 'all':
        to_plain_notebook(page, tab)
    return page


def _notebook(
    book: Book, place: Path, tab: str, suffix: str, path: Path
) -> dict[Path, str | bytes]:
    """The notebook of a page, to be written to `path`, and the pictures that go along."""
    page = book.pages[place]
    along = TakenAlong(page.path.parent, path.stem)
    beside = path.parent.resolve() == page.path.parent.resolve()
    on = None if tab == 'all' else tab
    references = book.references(place, suffix, on, str if beside else along)
    if tab == 'all':
        notebook = to_tabbed_notebook(page, references)
    else:
        notebook = to_plain_notebook(page, tab, references)
    pictures = {path.parent / name: file.read_bytes() for name, file in along.files.items()}
    return {path: nbformat.writes(notebook) + '\n', **pictures}
