"""Runs pages on their tabs, several at a time if asked to."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from d2lite import selection
from d2lite.pages.reading.blocks import without_backend
from d2lite.pages.reading.page import Page
from d2lite.pages.running.kernel import execute
from d2lite.pages.running.progress import Reporter
from d2lite.pages.running.result import TabResult
from d2lite.pages.running.scratch import scratch_folder


def tabs_to_run(page: Page, tab: str | None, told: set[str] | None = None) -> list[str]:
    """The tabs that `tab` means: a name, `'all'`, or None for the selected backend.

    Raises PageError if the page has no such tab, BackendError if its backend is missing. With
    `'all'`, a tab without its backend is left out with a message, for a platform may not have it;
    with D2LITE_REQUIRE_ALL=1 it is kept, and fails. `told` holds the tabs of earlier messages.
    """
    if tab == 'all':
        if page.other_tabs and not page.tabs:
            page.for_tab(selection.backend())  # the error names the tabs that it has
        return _installed(
            page.tabs or selection.registered_backends(), set() if told is None else told
        )
    name = selection.backend() if tab is None else tab
    page.for_tab(name)
    name = selection.canonical_name(name)
    selection.require(name)
    return [name]


def tell_tabs_without_backend(pages: Iterable[Page]) -> None:
    """Says on stderr, in one line, which tabs of `pages` are left out for want of a backend."""
    others = dict.fromkeys(name for page in pages for name in page.other_tabs)
    if others:
        print(f'd2lite: {without_backend(list(others))}', file=sys.stderr, flush=True)


def _installed(tabs, told) -> list[str]:
    if os.environ.get('D2LITE_REQUIRE_ALL') == '1':
        return list(tabs)
    missing = {tab: ', '.join(selection.missing_modules(tab)) for tab in tabs}
    if all(missing.values()):
        selection.require(next(iter(tabs)))
    for tab, modules in missing.items():
        if modules and tab not in told:
            told.add(tab)
            message = f'd2lite: {tab} is left out: it needs {modules}. Install with: '
            print(message + selection.install_line(tab), file=sys.stderr, flush=True)
    return [tab for tab, modules in missing.items() if not modules]


async def run_tabs(
    results: list[TabResult],
    timeout: float,
    show: list[str],
    reporter: Reporter,
    jobs: int,
    on_done: Callable[[TabResult], None],
    isolated: Path | None = None,
) -> None:
    """Runs the tabs of `results`, `jobs` kernels at a time, and fills the results in.

    With `isolated`, each runs in a folder of its own, which has all but the folder `isolated`.
    `on_done` is called with each result when its tab has passed or failed. If this is cancelled,
    every kernel ends; the results then hold the cells that ran.
    """
    free = asyncio.Semaphore(jobs)

    async def run(result):
        async with free:
            reporter.begin(result)
            with _folder_for(result, isolated) as folder:
                await execute(
                    result,
                    timeout,
                    on_output=lambda name, text: reporter.output(result, name, text),
                    show=show,
                    on_cell=lambda: reporter.cell(result),
                    folder=folder,
                )
            reporter.end(result)
            on_done(result)

    tasks = [asyncio.create_task(run(result)) for result in results]
    try:
        await asyncio.gather(*tasks)
    finally:  # an error in one ends all, so that no kernel survives
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _folder_for(result: TabResult, isolated: Path | None) -> AbstractContextManager[Path | None]:
    if isolated is None:
        return nullcontext()
    return scratch_folder(result.page.path, result.place, result.named, isolated)
