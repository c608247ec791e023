"""The runs to make: the pages that paths and folders name, and their tabs.

A page that is named must be all right. In a folder, one that has no cells, or not the tab, is left
out; one that cannot be read is counted as a failure, and the others go on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from d2lite import selection
from d2lite.pages.course.folder import find_course
from d2lite.pages.reading.blocks import NoCells, NoTab
from d2lite.pages.reading.page import Page, PageError, read_page
from d2lite.pages.rewriting.overrides import Override, override
from d2lite.pages.running.result import TabResult
from d2lite.pages.running.tabs import tabs_to_run, tell_tabs_without_backend


@dataclass
class Collected:
    """The runs to make, and what became of the other files of the folders."""

    results: list[TabResult] = field(default_factory=list)
    unreadable: list[PageError] = field(default_factory=list)
    left_out: list[Path] = field(default_factory=list)  # pages without a tab that could run
    pages: dict[Path, Page] = field(default_factory=dict)  # by place; also those without cells


def collect(
    paths: list[Path],
    tab: str | None,
    settings: dict[str, str],
    skip: Path,
    prose: bool = False,
) -> Collected:
    """The runs of each tab of each page, with its values set; `skip` is a folder to leave out.

    With `prose`, a page without cells is one of the pages, though nothing of it runs.
    Raises PageError or BackendError for a page that is named and cannot be run, ValueError for a
    setting that no page takes, or if nothing is left to run.
    """
    collected, told, pages, taken = Collected(), set(), [], not settings
    for path, place, named in find_pages(paths, skip):
        try:
            page = read_page(path)
            pages.append(page)
            tabs = tabs_to_run(page, tab, told)
            page, changes = _override(page, settings, tabs, named)
        except PageError as error:
            if prose and isinstance(error, NoCells):
                collected.pages[place] = read_page(path, prose=True)
                continue
            if named:
                raise
            if isinstance(error, NoTab):
                collected.left_out.append(path)
            elif not isinstance(error, NoCells):
                collected.unreadable.append(error)
            continue
        except selection.BackendError:
            if named or tab != 'all':
                raise
            collected.left_out.append(path)  # it has tabs, but none that is installed
            continue
        taken = taken or bool(changes)
        collected.pages[place] = page
        for name in tabs:
            result = TabResult.of(page, name, place)
            result.named = named
            positions = {cell.position for cell in page.for_tab(name)}
            result.overridden = [each for each in changes if each.cell in positions]
            collected.results.append(result)
    if not collected.results and not collected.unreadable:
        raise ValueError(f'No page in {", ".join(map(str, paths))} runs on this tab.')
    if not taken and collected.results:
        raise ValueError(f'--set {", ".join(settings)}: no page has a place that could take it.')
    tell_tabs_without_backend(pages)
    return collected


def find_pages(
    paths: list[Path], skip: Path, suffixes: tuple[str, ...] = ('.md',)
) -> Iterator[tuple[Path, Path, bool]]:
    """Each page once: its path, its place below the folder, and whether it was named itself.

    A folder stands for its files with the first of `suffixes` that it has, in the order of their
    course; hidden folders and the folder `skip` are left out. Raises PageError for a folder
    without such files.
    """
    found = {}
    for path in paths:
        if not path.is_dir():
            found.setdefault(path, (Path(path.name), True))
            continue
        for each in _files(path, skip, suffixes):
            found.setdefault(each, (each.relative_to(path), False))
    for path, (place, named) in found.items():
        yield path, place, named


def _files(folder: Path, skip: Path, suffixes: tuple[str, ...]) -> list[Path]:
    course = find_course(folder)
    order = {page: number for number, page in enumerate(course.pages)} if course else {}
    for suffix in suffixes:
        patterns = ['*.md', '*.qmd'] if suffix == '.md' else [f'*{suffix}']
        inside = sorted(path for pattern in patterns for path in folder.rglob(pattern))
        inside.sort(key=lambda path: order.get(path.resolve(), len(order)))
        if found := [path for path in inside if _visible(path, folder, skip)]:
            return found
    also = ', and no notebooks' if '.ipynb' in suffixes else ''
    raise PageError(folder, None, f'The folder holds no Markdown files, so no pages{also}.')


def _visible(path: Path, folder: Path, skip: Path) -> bool:
    hidden = any(part.startswith(('.', '__')) for part in path.relative_to(folder).parts)
    skip, folder = skip.resolve(), folder.resolve()
    return not hidden and not (folder in skip.parents and skip in path.resolve().parents)


def _override(
    page: Page, settings: dict[str, str], tabs: list[str], named: bool
) -> tuple[Page, list[Override]]:
    if not settings:
        return page, []
    try:
        return override(page, settings, tabs)
    except PageError:
        if named:
            raise
        return page, []  # in a folder, other pages may have the name
