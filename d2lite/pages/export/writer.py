"""Writes the results of runs into a folder, each file as soon as its content is complete.

lesson.html             the page with all its tabs
lesson.jax.ipynb        a notebook for each tab
lesson.jax.md           Markdown for each tab, and lesson.jax_files/ with its pictures

A page that was found in a folder has its files in the same place below the folder of the files.
"""

from pathlib import Path

import nbformat

from d2lite.files import replace_file
from d2lite.pages.export.html import index_html, page_html
from d2lite.pages.export.markdown import markdown_files
from d2lite.pages.export.notebook import executed_notebook
from d2lite.pages.reading.page import Page, PageError
from d2lite.pages.running.result import TabResult


class Writer:
    """Writes the results of a run; `written` are the files so far."""

    def __init__(self, folder: Path, formats: list[str], results: list[TabResult]) -> None:
        """Raises PageError if two pages would write the same file, OSError without a folder."""
        self.folder, self.formats = folder, formats
        self.pages = {}
        for result in results:
            self.pages.setdefault(result.page.path, []).append(result)
        stems = {}
        for path, runs in self.pages.items():
            other = stems.setdefault(runs[0].place.with_suffix(''), path)
            if other != path:
                message = f'It would be written to the same file as {other}; run one at a time.'
                raise PageError(path, None, message)
        self.written = []
        self.done = set()
        if formats:
            self.folder.mkdir(parents=True, exist_ok=True)

    def tab_done(self, result: TabResult) -> None:
        """Writes the files of one tab, and those of its page after its last tab."""
        self.done.add(result)
        notebook = executed_notebook(result)
        if 'notebook' in self.formats:
            self._write(_name(result, f'{result.tab}.ipynb'), nbformat.writes(notebook) + '\n')
        if 'md' in self.formats:
            *pictures, text = markdown_files(notebook, result).items()
            for name, data in pictures:
                self._write(result.place.parent / name, data, tell=False)
            self._write(result.place.parent / text[0], text[1])
        results = self.pages[result.page.path]
        if self.done.issuperset(results):
            self._write_page(results)

    def notebook_of(self, result: TabResult) -> str:
        """The path of the notebook of one tab; empty if none is written."""
        written = 'notebook' in self.formats
        return str(self.folder / _name(result, f'{result.tab}.ipynb')) if written else ''

    def interrupted(self) -> None:
        """Writes the partial results of the tabs that had begun."""
        for results in self.pages.values():
            begun = [each for each in results if each.cells_run or each.error]
            for result in begun:
                if result not in self.done:
                    self.tab_done(result)
            if begun and not self.done.issuperset(results):
                self._write_page(results)

    def write_index(self, results: list[TabResult]) -> None:
        """Writes index.html, which leads to the pages of `results`."""
        titles = {_name(result, 'html').as_posix(): _title(result.page) for result in results}
        self._write(Path('index.html'), index_html(titles))

    def _write_page(self, results: list[TabResult]):
        if 'html' in self.formats:
            self._write(_name(results[0], 'html'), page_html(results))

    def _write(self, name: Path, data: str | bytes, tell: bool = True):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, data)
        if tell:
            self.written.append(path)


def _name(result: TabResult, suffix: str) -> Path:
    return result.place.with_name(f'{result.place.stem}.{suffix}')


def _title(page: Page) -> str:
    heading = next((line for line in page.text.split('\n') if line.startswith('# ')), '')
    return heading.removeprefix('# ').strip() or page.path.stem
