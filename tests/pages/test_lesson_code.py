"""Pages as people write them: those of this folder run on each of their tabs."""

from pathlib import Path

import pytest
from contract import require

from d2lite import selection
from d2lite.pages.reading.page import read_page
from d2lite.pages.running.kernel import run_tab

RUN_ELSEWHERE = {'chinese', 'plain', 'tabbed'}
PAGES = {
    path.stem: read_page(path)
    for path in sorted(Path(__file__).parent.glob('*.md'))
    if path.stem not in RUN_ELSEWHERE
}


def test_each_page_has_four_tabs():
    assert PAGES
    for name, page in PAGES.items():
        assert {*page.tabs} >= {*selection.PREFERENCE}, name


@pytest.mark.parametrize('tab', selection.PREFERENCE)
@pytest.mark.parametrize('page', PAGES)
def test_page_runs(page, tab, monkeypatch):
    require(tab)
    monkeypatch.delenv('PYTEST_CURRENT_TEST')  # where it is set, ipykernel captures less
    result = run_tab(PAGES[page], tab)
    assert result.error is None, f'{result.error}\n{result.error.traceback}'
    assert result.cells_run == result.cells_total > 0
