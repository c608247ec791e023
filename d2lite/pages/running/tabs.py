"""Runs pages on their tabs, and prints how it goes: what `d2lite run` does."""

import asyncio
import os
import sys
from collections.abc import Callable

from d2lite import selection
from d2lite.pages.reading.page import Page
from d2lite.pages.running.kernel import TabResult, execute, wait_for
from d2lite.pages.running.progress import Reporter

__all__ = ['run_tabs', 'tabs_to_run']


def tabs_to_run(page: Page, tab: str | None) -> list[str]:
    """The tabs that `tab` stands for: a name, `'all'`, or None for the selected backend.

    Raises PageError if the page has no such tab, BackendError if its backend is missing. Of all
    tabs, one whose backend is missing is told and left out, as a platform may not have it; with
    D2LITE_REQUIRE_ALL=1 it stays, and fails.
    """
    if tab == 'all':
        return _installed(page.tabs or selection.registered_backends())
    name = selection.backend() if tab is None else tab
    page.for_tab(name)
    name = selection.canonical_name(name)
    selection.require(name)
    return [name]


def _installed(tabs) -> list[str]:
    if os.environ.get('D2LITE_REQUIRE_ALL') == '1':
        return list(tabs)
    installed = [tab for tab in tabs if not selection.missing_modules(tab)]
    if not installed:
        selection.require(next(iter(tabs)))
    for tab in tabs:
        if tab not in installed:
            missing = ', '.join(selection.missing_modules(tab))
            line = selection.install_line(tab)
            message = f'd2lite: {tab} is left out: it needs {missing}. Install with: {line}'
            print(message, file=sys.stderr, flush=True)
    return installed


def run_tabs(
    results: list[TabResult],
    timeout: float,
    show: list[str],
    reporter: Reporter,
    jobs: int = 1,
    on_done: Callable[[TabResult], None] = lambda result: None,
) -> None:
    """Runs what `results` are of, `jobs` kernels at a time, and fills them in.

    `on_done` is called with each that is done, also with one that failed. By KeyboardInterrupt or
    SystemExit every kernel ends, and the results have what ran until then.
    """
    wait_for(_run_all(results, timeout, show, reporter, jobs, on_done))


async def _run_all(results, timeout, show, reporter, jobs, on_done):
    free = asyncio.Semaphore(jobs)

    async def run(result):
        async with free:
            reporter.begin(result)
            await execute(
                result,
                timeout,
                on_output=lambda name, text: reporter.output(result, name, text),
                show=show,
                on_cell=lambda: reporter.cell(result),
            )
            reporter.end(result)
            on_done(result)

    tasks = [asyncio.create_task(run(result)) for result in results]
    try:
        await asyncio.gather(*tasks)
    finally:  # whatever ended one of them ends all: no kernel outlives this
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
