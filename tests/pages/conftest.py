"""Pages that run in a kernel, with a stand-in for PyTorch."""

import os

import abacus
import pytest

from d2lite.pages.reading.page import parse_page
from d2lite.pages.running.kernel import run_tab


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A folder on the kernels' PYTHONPATH, in which the stand-in for PyTorch is."""
    folder = tmp_path / 'world'
    abacus.install(folder)
    monkeypatch.setenv('PYTHONPATH', str(folder), prepend=os.pathsep)
    return folder


@pytest.fixture
def run(world, tmp_path, monkeypatch):
    """Runs cells on the stand-in's tab; `.printed` of the result has what came on each stream."""

    def run(*cells, tab='pytorch', **kwargs):
        monkeypatch.delenv('PYTEST_CURRENT_TEST')  # where it is set, ipykernel captures less
        printed = {'stdout': '', 'stderr': ''}

        def on_output(name, text):
            printed[name] += text

        page = cells[0]
        if isinstance(page, str):
            text = ''.join(f'```python\n{cell}\n```\n' for cell in cells)
            page = parse_page(text, tmp_path / 'page.md')
        result = run_tab(page, tab, on_output=on_output, **kwargs)
        result.printed = printed
        return result

    return run
