"""Two pages with all that a page may have, as a site: every link leads somewhere."""

import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from results import ran, stream
from test_html import Tree

from d2lite.pages.export.writer import Writer
from d2lite.pages.reading.book import Book

FOLDER = Path(__file__).parent / 'site'


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """The folder of the site, written in all formats."""
    results = []
    for path in sorted(FOLDER.glob('*.md')):
        of_page = ran(path.read_text(), lambda *_: [stream('out\n' * 60)], path=path)
        for result in of_page:
            result.place = Path(path.name)
        results += of_page
    book = Book({result.place: result.page for result in results})
    assert list(book.problems()) == []
    folder = tmp_path_factory.mktemp('site')
    writer = Writer(folder, ['html', 'notebook', 'md'], results, book=book, index=True)
    for result in results:
        writer.tab_done(result)
    writer.finish()
    return folder


def test_every_link_of_the_web_pages_leads_to_a_place_that_is_there(site):
    pages = {path.name: Tree(path.read_text()) for path in site.glob('*.html')}
    assert sorted(pages) == ['index.html', 'one.html', 'two.html']
    ids = {
        name: {e[1]['id'] for e in tree.elements if 'id' in e[1]} for name, tree in pages.items()
    }
    for name, tree in pages.items():
        for _, attributes, words in tree.all('a'):
            file, _, anchor = attributes.get('href', '').partition('#')
            if attributes.get('href') and '://' not in file:
                assert not anchor or unquote(anchor) in ids[file or name], (name, words)
                assert (file or name) in pages
    assert 'shown as TeX' not in str(pages)


@pytest.mark.parametrize('suffix', ['ipynb', 'md'])
def test_every_link_and_picture_of_the_others_too(site, suffix):
    for path in site.glob(f'*.*.{suffix}'):
        text = path.read_text()
        if suffix == 'ipynb':
            text = '\n'.join(cell.source for cell in nbformat.read(path, 4).cells)
        targets = re.findall(r'\]\(([^)#\s]+)', text)
        assert targets
        for target in targets:
            assert '://' in target or (site / unquote(target)).is_file(), target
        for mark in ':numref:', ':label:', ':cite', ':bibliography:', ':eqlabel:':
            assert mark not in text


def test_nothing_is_left_of_the_marks_on_the_web_pages(site):
    text = ''.join(Tree(path.read_text()).all('main')[0][2] for path in site.glob('*.html'))
    for mark in ':numref:', ':label:', ':cite', '[^', '!!!', '[!TIP]', ':::', '- [x]', '$$':
        assert mark not in text
    assert 'A et al. (2001)' in text and '(Vapnik, 1992)' in text
