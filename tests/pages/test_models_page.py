"""The page of models as lessons write them, on every tab."""

from pathlib import Path

import pytest
from contract import BACKENDS, require

from d2lite.pages.reading.page import read_page
from d2lite.pages.running.kernel import run_tab


@pytest.mark.parametrize('backend', BACKENDS)
def test_models_as_lessons_write_them(backend):
    require(backend)
    result = run_tab(read_page(Path(__file__).parent / 'models.md'), backend)
    assert result.error is None and result.history[-1]['val_acc'] == 1
