"""A browser for tests of what a reader sees: Chromium of the system, driven by playwright.

Where one of the two is missing the test skips with the reason, and fails if D2LITE_REQUIRE_ALL=1.
"""

import os
import shutil
from importlib.util import find_spec

import pytest

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')


def chromium_path():
    """The program of the browser, or the test ends here."""
    found = [path for name in NAMES if (path := shutil.which(name))]
    if not found:
        missing('no Chromium on the PATH; on Debian: apt-get install chromium')
    return found[0]


def missing(reason):
    """Skips the test, or fails it where everything is required."""
    if os.environ.get('D2LITE_REQUIRE_ALL') == '1':
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


@pytest.fixture(scope='module')
def browser():
    """A running headless browser of playwright; `browser.new_page()` opens a page."""
    if find_spec('playwright') is None:
        missing('playwright is not installed; pip install -e ".[dev]"')
    path = chromium_path()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Without the sandbox, which containers do not allow; the pages are our own.
        running = playwright.chromium.launch(executable_path=path, args=['--no-sandbox'])
        yield running
        running.close()
