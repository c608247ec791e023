"""Writes the results of runs into a folder, each file as soon as its content is complete.

lesson.html             the page with all its tabs
lesson.jax.ipynb        a notebook for each tab
lesson.jax.md           Markdown for each tab
lesson.jax_files/       the pictures of these two: what the cells drew, and those of the page

A page that was found in a folder has its files in the same place below the folder of the files.
"""

from collections.abc import Iterator
from pathlib import Path

import nbformat

from d2lite.pages.export.html import index_html, page_html
from d2lite.pages.export.markdown import markdown_files
from d2lite.pages.export.notebook import executed_notebook
from d2lite.pages.export.written import Written
from d2lite.pages.reading.book import Book
from d2lite.pages.reading.page import PageError
from d2lite.pages.reading.pictures import TakenAlong
from d2lite.pages.running.result import TabResult

INDEX = Path('index.md')


class Writer:
    """Writes the results of a run; `paths` are the files so far, without those of pictures."""

    def __init__(
        self,
        folder: Path,
        formats: list[str],
        results: list[TabResult],
        *,
        book: Book | None = None,
        index: bool = False,
        force: bool = False,
    ) -> None:
        """`book` has the pages of the run; `index`: there is to be an index.html.

        Raises PageError if two pages would write the same file, ValueError for a file that somebody
        may have worked in (unless `force`), OSError without a folder.
        """
        self.folder, self.formats = folder, formats
        self.index = index and 'html' in formats
        self.pages = {}
        for result in results:
            self.pages.setdefault(result.page.path, []).append(result)
        stems = {}
        for path, runs in self.pages.items():
            other = stems.setdefault(runs[0].place.with_suffix(''), path)
            if other != path:
                message = f'It would be written to the same file as {other}; run one at a time.'
                raise PageError(path, None, message)
        self.book = book or Book({result.place: result.page for result in results})
        self.written = Written(folder)
        if not force and (others := self.written.of_others(self._names())):
            raise ValueError(in_the_way(folder / others[0], '--output takes another folder'))
        self.paths, self.done = [], set()
        if formats:
            self.folder.mkdir(parents=True, exist_ok=True)

    def tab_done(self, result: TabResult) -> None:
        """Writes the files of one tab, and those of its page after its last tab."""
        self.done.add(result)
        pictures = TakenAlong(result.page.path.parent, f'{result.place.stem}.{result.tab}')
        if 'notebook' in self.formats:
            notebook = self._executed(result, 'ipynb', pictures)
            self._write(_name(result, f'.{result.tab}.ipynb'), nbformat.writes(notebook) + '\n')
        if 'md' in self.formats:
            *drawn, text = markdown_files(self._executed(result, 'md', pictures), result).items()
            for name, data in drawn:
                self._write(result.place.parent / name, data, tell=False)
            self._write(result.place.parent / text[0], text[1])
        for name, path in pictures.files.items():
            self._write(result.place.parent / name, path.read_bytes(), tell=False)
        results = self.pages[result.page.path]
        if self.done.issuperset(results):
            self._write_page(results)

    def notebook_of(self, result: TabResult) -> str:
        """The path of the notebook of one tab; empty if none is written."""
        written = 'notebook' in self.formats
        return str(self.folder / _name(result, f'.{result.tab}.ipynb')) if written else ''

    def interrupted(self) -> None:
        """Writes the partial results of the tabs that had begun."""
        for results in self.pages.values():
            begun = [each for each in results if each.cells_run or each.error]
            for result in begun:
                if result not in self.done:
                    self.tab_done(result)
            if begun and not self.done.issuperset(results):
                self._write_page(results)

    def finish(self) -> None:
        """Writes what has nothing to run: pages of prose, and index.html if it was asked for."""
        for place in self._prose():
            results = [TabResult.of(self.book.pages[place], tab, place) for tab in self._tabs()]
            self._write(place.with_suffix('.html'), page_html(results, self.book, self.index))
        if self.index and INDEX not in self.book.pages:  # else the page is the index
            titles = {
                place.with_suffix('.html').as_posix(): page.title
                for place, page in self.book.pages.items()
            }
            self._write(Path('index.html'), index_html(titles))

    def _prose(self) -> list[Path]:
        pages = self.book.pages.items() if 'html' in self.formats and self.pages else ()
        return [place for place, page in pages if not page.cells]

    def _tabs(self) -> list[str]:
        return list(dict.fromkeys(result.tab for runs in self.pages.values() for result in runs))

    def _names(self) -> Iterator[Path]:
        """The files that the run will write, without those of pictures."""
        for results in self.pages.values():
            for result in results:
                if 'notebook' in self.formats:
                    yield _name(result, f'.{result.tab}.ipynb')
                if 'md' in self.formats:
                    yield _name(result, f'.{result.tab}.md')
            if 'html' in self.formats:
                yield _name(results[0], '.html')
        yield from (place.with_suffix('.html') for place in self._prose())
        if self.index:
            yield Path('index.html')

    def _executed(self, result, suffix, pictures):
        # Beside the page its pictures are where it says.
        beside = (self.folder / result.place).parent.resolve() == result.page.path.parent.resolve()
        references = self.book.references(
            result.place, f'.{result.tab}.{suffix}', result.tab, str if beside else pictures
        )
        return executed_notebook(result, references)

    def _write_page(self, results: list[TabResult]):
        if 'html' in self.formats:
            self._write(_name(results[0], '.html'), page_html(results, self.book, self.index))

    def _write(self, name: Path, data: str | bytes, tell: bool = True):
        path = self.written.write(name, data)
        if tell:
            self.paths.append(path)


def in_the_way(path: Path, otherwise: str) -> str:
    """The sentence for a file that somebody may have worked in; `otherwise` is what else to do."""
    return (
        f'{path} is there, and differs from what d2lite has written: somebody may have worked in '
        f'it. --force writes over it, {otherwise}.'
    )


def _name(result: TabResult, suffix: str) -> Path:
    return result.place.with_name(result.place.stem + suffix)
