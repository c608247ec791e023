"""On which backend a tab of a page runs: a framework may have one for each of its styles."""

import re

from d2lite import selection
from d2lite.pages.reading.page import Page


def backend_of(page: Page, tab: str) -> str:
    """The backend on which `tab`, a canonical name, runs; mostly it has the name of the tab.

    It is another one if cells of the tab use that by name, and the page has no tab for it: so cells
    of the tab `jax` with `nnx.Linear`, or `from flax import nnx`, run on `nnx`.
    """
    for other in selection.STYLES.get(tab, ()):
        if other in selection.registered_backends() and other not in page.tabs:
            if any(_uses(cell.source, other) for cell in page.for_tab(tab)):
                return other
    return tab


def _uses(code: str, name: str) -> bool:
    imports = rf'^[ \t]*(?:from|import)[ \t][^\n#]*\b{name}\b'
    return bool(re.search(rf'{imports}|(?<![\w.\'"]){name}\.[A-Za-z]', code, re.M))
