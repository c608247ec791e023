"""Where a course is, and the order of its pages."""

from pathlib import Path

import pytest
from small import cell

from d2lite.data.download import data_folder
from d2lite.faces import Asking
from d2lite.pages.course.folder import CourseError, course_in, find_course
from d2lite.pages.reading.page import read_page
from d2lite.pages.running.collect import find_pages

NAMES = ['a', 'b', 'part/c', 'part/index', 'other']


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        path = tmp_path / f'{name}.md'
        path.parent.mkdir(exist_ok=True)
        path.write_text(cell('1'))
    return tmp_path


def places(course):
    return [course.place(page) for page in course.pages]


TOC = '```toc\n:maxdepth: 1\n\nb\na\n{}```\n'


@pytest.mark.parametrize(
    'file, text, expected',
    [
        ('d2lite.toml', '[course]', ['a.md', 'b.md', 'other.md', 'part/c.md', 'part/index.md']),
        ('d2lite.toml', '[course]\npages = ["part/*.md", "a.md"]', [
            'part/c.md', 'part/index.md', 'a.md',
        ]),
        ('_quarto.yml', 'book:\n  chapters:\n  - b.md\n  - part: x\n    chapters: [a.md]', [
            'b.md', 'a.md',
        ]),
        ('_toc.yml', 'root: b\nparts:\n- caption: X\n  chapters:\n  - file: part/c', [
            'b.md', 'part/c.md',
        ]),
        ('myst.yml', 'project:\n  toc:\n  - file: b\n  - title: X\n    children: [file: a]', [
            'b.md', 'a.md',
        ]),
        ('index.md', TOC.format('part/index\n'), ['b.md', 'a.md', 'part/index.md']),
        ('index.md', '```{toctree}\nb\nmissing\n```\n', ['b.md']),
        ('index.md', '```eval_rst\n.. toctree::\n   :maxdepth: 1\n\n   b\n```\n', ['b.md']),
    ],
)  # fmt: skip
def test_order(folder, file, text, expected):
    (folder / file).write_text(text)
    course = find_course(folder / 'part/c.md')
    assert (course.folder, places(course)) == (folder, expected)


def test_the_folder_above_counts_if_its_contents_lead_here(folder):
    (folder / 'part/index.md').write_text('```toc\nc\n```\n')
    assert find_course(folder / 'part/c.md').folder == folder / 'part'
    (folder / 'index.md').write_text('```toc\na\npart/index\n```\n')
    course = find_course(folder / 'part/c.md')
    assert places(course) == ['a.md', 'part/index.md', 'part/c.md']
    assert find_course(folder / 'part/c.md', named=True) is None
    (folder / 'part/d2lite.toml').write_text('[course]\nprefer = "course"')
    course = find_course(folder / 'part/c.md', named=True)
    assert (course.folder, course.prefer) == (folder / 'part', 'course')


def test_no_course(folder):
    assert find_course(folder / 'a.md') is None
    (folder / 'd2lite.toml').write_text('[other]\nx = 1')
    assert find_course(folder / 'a.md') is None
    assert course_in(folder).unmarked == 'first'


@pytest.mark.parametrize(
    'text, message',
    [
        ('[course', 'd2lite.toml: Expected'),
        ('[course]\ntitel = "x"', r"\[course\] has no key 'titel'; it has title, tabs"),
        ('[course]\npages = "a.md"', "pages is a list of strings, not 'a.md'"),
        ('[course]\nprefer = "mine"', r"prefer is one of \('d2lite', 'course'\), not 'mine'"),
        ('[course]\ntabs = ["pytroch"]', "Unknown tab 'pytroch'"),
        ('[course]\npages = ["none.md"]', "pages has 'none.md', and there is no such file"),
    ],
)
def test_what_is_wrong_with_the_file(folder, text, message):
    (folder / 'd2lite.toml').write_text(text)
    with pytest.raises(CourseError, match=message):
        course_in(folder).pages  # noqa: B018


def tabs(folder, text, name='a.md'):
    (folder / name).write_text(text)
    page = read_page(folder / name)
    return page.tabs, {tab: [cell.position for cell in page.for_tab(tab)] for tab in page.tabs}


TWO = cell('1', '') + cell('2', 'jax') + cell('3', 'pytorch')
BOTH = {'jax': [1, 2], 'pytorch': [1, 3]}
FIRST = {'jax': [1, 2], 'pytorch': [3]}


@pytest.mark.parametrize(
    'file, text, expected',
    [
        ('other.txt', '', FIRST),
        ('d2lite.toml', '[course]', BOTH),
        ('d2lite.toml', '[course]\nunmarked = "first"', FIRST),
        ('_quarto.yml', 'book: {chapters: [a.md]}', BOTH),
        ('index.md', '```toc\na\n```\n', FIRST),
    ],
)
def test_a_cell_without_a_mark(folder, file, text, expected):
    (folder / file).write_text(text)
    assert tabs(folder, TWO)[1] == expected


def test_slides_tell_the_living_edition_and_are_left_out(folder):
    assert tabs(folder, TWO + '<!-- slides -->\n\n' + cell('4', 'mxnet'))[1] == BOTH


@pytest.mark.parametrize(
    'code, expected',
    [
        ('import numpy', ('pytorch',)),
        ('import torchvision', ('pytorch',)),
        ('import flax.linen as nn', ('jax',)),
        ('from d2l import tensorflow as d2l', ('tensorflow',)),
        ('import numpy\nfrom mxnet import np', ('mxnet',)),
        ('import d2lite as d2l', ('jax', 'mxnet')),
    ],
)
def test_a_page_without_any_mark(folder, code, expected):
    (folder / 'd2lite.toml').write_text('[course]\ntabs = ["jax", "mxnet"]')
    assert tabs(folder, f'```python\n{code}\n```\n')[0] == expected


def test_all_is_for_the_tabs_of_the_course(folder):
    (folder / 'd2lite.toml').write_text('[course]\ntabs = ["jax", "mxnet"]')
    assert tabs(folder, cell('1', 'all'))[0] == ('jax', 'mxnet')


def test_cells_of_both_kinds_and_in_blocks_of_a_tab(folder):
    (folder / 'd2lite.toml').write_text('[course]')
    text = cell('1', 'jax, pytorch') + '```python\n2\n```\n'
    text += ':begin_tab:`jax`\nText.\n\n```python\n3\n```\n\nMore.\n:end_tab:\n'
    text += ':begin_tab:`pytorch`\n```{.python .input #name}\n\n%%tab all\n4\n```\n:end_tab:\n'
    assert tabs(folder, text)[1] == {'jax': [1, 2, 3], 'pytorch': [1, 2, 4]}
    prose = [part.text for part in read_page(folder / 'a.md').parts_for_tab('pytorch')[2:]
             if hasattr(part, 'text')]  # fmt: skip
    assert prose == []


def test_downloads_go_to_the_folder_of_the_course(folder, monkeypatch):
    monkeypatch.delenv('D2LITE_DATA', raising=False)
    assert data_folder('../data/raw') == Path('../data/raw')
    (folder / 'd2lite.toml').write_text('[course]\ndata = "downloads"')
    asking = Asking()
    asking.course = find_course(folder / 'a.md')
    with monkeypatch.context() as patch:
        patch.setenv('D2LITE_DATA', '')  # so that it is taken away in the end
        patch.delenv('D2LITE_DATA')
        asking.use_data_folder()
        assert data_folder('../data/raw') == folder / 'downloads/raw'
        assert data_folder('elsewhere') == Path('elsewhere')


def test_a_folder_runs_in_the_order_of_its_course(folder):
    (folder / 'd2lite.toml').write_text('[course]\npages = ["other.md", "part/*.md"]')
    (folder / 'z.qmd').write_text(cell('1'))
    found = [place.as_posix() for _, place, _ in find_pages([folder], folder / 'build')]
    assert found == ['other.md', 'part/c.md', 'part/index.md', 'a.md', 'b.md', 'z.qmd']
