"""docs/coverage.md says what is true, and the docs lead from one page to the next."""

import re
import sys
from importlib import util
from pathlib import Path

import pytest

from d2lite import interface, selection
from d2lite.pages.names_of_d2l import CHAPTERS

DOCS = Path(__file__).parent.parent / 'docs'


def test_the_page_is_what_the_interface_says():
    spec = util.spec_from_file_location('make_coverage', DOCS / 'make_coverage.py')
    maker = util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    command = f'{Path(sys.executable).name} docs/make_coverage.py'
    assert maker.PATH.read_text(encoding='utf-8') == maker.page(), f'to write it anew: {command}'
    for name in maker.ON_JAX:
        assert hasattr(selection.load('jax'), name) and name not in interface.NAMES


def test_a_name_is_in_one_chapter():
    names = [name for names in CHAPTERS.values() for name in names.split()]
    assert len(names) == len(set(names)) > 200


@pytest.mark.parametrize('path', sorted(DOCS.glob('*.md')), ids=lambda path: path.stem)
def test_links_of_the_docs_lead_somewhere(path):
    text = re.sub(r'^```.*?^```|`[^`\n]*`', '', path.read_text(), flags=re.S | re.M)
    for target in re.findall(r'\]\(([^)#\s]+)', text):
        assert target.startswith('https://') or (DOCS / target).exists(), target


def test_every_page_of_the_docs_is_on_the_way():
    text = (DOCS / 'README.md').read_text()
    linked = set(re.findall(r'\]\(([\w-]+\.md)', text))
    pages = {path.name for path in DOCS.glob('*.md')} - {'README.md'}
    assert pages == linked, 'docs/README.md names each page of docs/ once'
