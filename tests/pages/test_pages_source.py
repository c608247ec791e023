"""Pages are read into cells and prose; malformed ones are refused with the line that is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from d2lite import BackendError
from d2lite.pages.reading.blocks import canonical_tabs
from d2lite.pages.reading.page import PageError, Prose, parse_page, read_page

PAGES = Path(__file__).parent


def positions(page, tab):
    return [cell.position for cell in page.for_tab(tab)]


def cell(first_line, code='x = 1'):
    return f'```{{.python .input}}\n{first_line}\n{code}\n```\n'


FRONT = cell("%load_ext d2lbook.tab\ntab.interact_select('pytorch', 'jax')")


def test_tabbed_page():
    page = read_page(PAGES / 'tabbed.md')
    assert page.tabs == ('mxnet', 'pytorch', 'jax')
    assert page.default_tab == 'mxnet'
    assert [c.tabs for c in page.cells] == [
        None,
        ('mxnet',),
        ('pytorch', 'jax'),
        ('all',),
        None,
        ('pytorch',),
        ('all',),
    ]
    assert [c.front for c in page.cells] == [True] + 6 * [False]
    assert positions(page, 'mxnet') == [1, 2, 4, 5, 7]
    assert positions(page, 'pytorch') == [1, 3, 4, 6, 7]
    assert positions(page, 'jax') == [1, 3, 4, 7]
    assert [c.position for c in page.left_out('jax')] == [5]
    assert page.left_out('mxnet') == []


def test_source_and_lines_of_a_cell():
    page = read_page(PAGES / 'tabbed.md')
    lines = page.text.split('\n')
    for each in page.cells:
        assert lines[each.line - 1].startswith('```{.python .input')
        assert lines[each.first_line - 1] == each.source.split('\n')[0]
    assert page.cells[1].source == '%matplotlib inline\nfrom d2l import mxnet as d2l'
    assert page.cells[6].source == "print('older form for all')"


def test_plain_page_runs_all_its_cells_on_any_tab():
    page = read_page(PAGES / 'plain.md')
    assert page.tabs == ()
    for tab in 'mxnet', 'pytorch', 'tensorflow', 'jax':
        assert positions(page, tab) == [1, 2, 3]
    assert [c.source for c in page.cells] == [
        'first = 1',
        'if first:\n\n    first + 1',
        'first + 2;',
    ]
    assert [c.line for c in page.cells] == [3, 18, 24]


@pytest.mark.parametrize(
    'call',
    [
        "(['jax', 'pytorch'])",
        "('jax', 'pytorch')",
        "(\n    'jax',  # first\n    'torch',\n)",
        "((\n    'jax', 'pytorch'))",
    ],
)
def test_styles_of_interact_select(call):
    page = parse_page(cell(f'%load_ext d2lite.tab\ntab.interact_select{call}') + cell('1'))
    assert page.tabs == ('jax', 'pytorch')
    assert page.default_tab == 'jax'
    assert positions(page, 'jax') == [1, 2]
    assert positions(page, 'pytorch') == [1]


def test_extension_and_selection_in_two_cells_run_everywhere():
    page = parse_page(
        cell('%load_ext d2lite.tab') + cell("tab.interact_select('jax', 'torch')") + cell('2')
    )
    assert positions(page, 'pytorch') == [1, 2]


def test_default_is_the_first_tab_named_where_nothing_is_selected():
    page = parse_page(cell('0') + cell('%%tab tensorflow, jax') + cell('%%tab mxnet'))
    assert page.tabs == ('tensorflow', 'jax', 'mxnet')
    assert positions(page, 'tensorflow') == [1, 2]
    assert positions(page, 'jax') == [2]


def test_all_alone_names_every_tab_and_leaves_nothing_out():
    page = parse_page(cell('%%tab all') + cell('0'))
    assert set(page.tabs) >= {'mxnet', 'pytorch', 'tensorflow', 'jax'}
    assert positions(page, 'jax') == [1, 2]


def test_other_names_of_a_tab():
    page = parse_page(cell('%%tab torch,tf'))
    assert page.cells[0].tabs == ('pytorch', 'tensorflow')
    assert positions(page, 'torch') == positions(page, 'tf') == [1]


def test_windows_line_ends_and_byte_order_mark(tmp_path):
    path = tmp_path / 'page.md'
    path.write_bytes(b'\xef\xbb\xbf' + FRONT.replace('\n', '\r\n').encode())
    assert read_page(path).cells == parse_page(FRONT).cells


def test_characters_that_end_lines_elsewhere_do_not_here():
    page = parse_page("```python\ns = 'a\x0c\u2028b'\nt = 1\n```\n")
    assert page.cells[0].source == "s = 'a\x0c\u2028b'\nt = 1"


@pytest.mark.parametrize(
    'text, line, message',
    [
        ('\n' + cell('%%tab pytorch, pytroch'), 3, "Unknown tab 'pytroch'; the tabs are pytorch"),
        (cell('#@tab torhc'), 2, "Unknown tab 'torhc'"),
        (cell('%%tab'), 2, '%%tab names no tab'),
        (cell('%%tab  ,'), 2, '%%tab names no tab'),
        (cell('x = 1', '%%tab jax'), 3, '%%tab must be the first line of its cell'),
        (cell('%%tab jax', '%%tab pytorch'), 3, '%%tab must be the first line of its cell'),
        (cell('x = 1', '  #@tab jax'), 3, '#@tab must be the first line of its cell'),
        (cell('1') + '\n```{.python .input}\nx = 2\n', 6, 'This fence is never closed'),
        ('```python', 1, 'This fence is never closed'),
        (
            '```python\nx\n\nText.\n' + cell('1'),
            1,
            'This fence is not closed before the next one begins in line 5',
        ),
        (
            '```text\nx\n\n' + cell('1'),
            1,
            'This fence is not closed before the next one begins in line 4',
        ),
        ('# No code\n\n    indented\n', 1, 'The page has no cells'),
        ('', 1, 'The page has no cells'),
        (cell('%%tab all', 'tab.interact_select(NAMES)'), 3, 'interact_select takes names of tabs'),
        (cell('tab.interact_select()'), 2, 'interact_select names no tab'),
        (cell("tab.interact_select(['jax',\n  'jaxx'])"), 2, "Unknown tab 'jaxx'"),
        (cell('1') + ':begin_tab:`jax`\nText.\n', 5, 'This block of a tab is never ended'),
        (
            ':begin_tab:`jax`\n' + cell('1') + ':begin_tab:`mxnet`\n:end_tab:\n',
            6,
            'The block of a tab that begins in line 1 is not ended before this one begins',
        ),
        (
            cell('1') + ':begin_tab:`jax`\n\n:begin_tab:`mxnet`\n:end_tab:\n:end_tab:\n',
            7,
            'The block of a tab that begins in line 5 is not ended before this one begins',
        ),
        (cell('1') + '\n:end_tab:\n', 6, ':end_tab: without a :begin_tab:'),
        (cell('1') + ':begin_tab:`mxent`\n:end_tab:\n', 5, "Unknown tab 'mxent'"),
        (cell('%%tab paddle, ja-x'), 2, "Unknown tab 'ja-x'"),
        (cell('1') + ':begin_tab:``\n:end_tab:\n', 5, ':begin_tab: names no tab'),
        (cell('1') + ':begin_tab:`jax\n:end_tab:\n', 5, 'A block of a tab begins with'),
        (cell('1') + ':begin_tab:`jax` Text.\n:end_tab:\n', 5, 'A block of a tab begins with'),
    ],
)
def test_malformed_pages(text, line, message):
    with pytest.raises(PageError) as caught:
        parse_page(text, 'folder/page.md')
    assert str(caught.value).startswith(f'folder/page.md:{line}: {message}')
    assert isinstance(caught.value, ValueError)


def test_prose_by_tab():
    page = read_page(PAGES / 'tabbed.md')
    prose = [part for part in page.parts if isinstance(part, Prose)]
    assert prose[0].text.startswith('# A page with tabs\n:label:`sec_tabs`\n\nIts cells')
    assert [part.text for part in prose if part.tabs == ('mxnet',)] == ['Text for one tab.']
    assert 'not_a_cell_either()' in prose[-1].text
    for tab in page.tabs:
        parts = page.parts_for_tab(tab)
        assert [part for part in parts if not isinstance(part, Prose)] == page.for_tab(tab)
        assert any(part.tabs == ('mxnet',) for part in parts if part in prose) == (tab == 'mxnet')


def test_blocks_of_several_tabs():
    text = '\n\n:begin_tab: `torch, jax`  \n\nBoth.\n\n:end_tab:\n' + cell('%%tab all')
    text += '  :begin_tab:`all`\n~~~\n:end_tab:\n~~~\n:end_tab:\n\n    :end_tab:\n'
    page = parse_page(text)
    first, _, second, third = page.parts
    assert (first.text, first.tabs) == ('Both.', ('pytorch', 'jax'))
    assert (second.text, second.tabs) == ('~~~\n:end_tab:\n~~~', ('all',))
    assert (third.text, third.tabs) == ('    :end_tab:', None)  # indented code, not a mark
    assert page.parts_for_tab('mxnet') == [page.parts[1], second, third]


def test_tab_that_the_page_does_not_have():
    page = parse_page('\n' + FRONT, 'page.md')
    message = "page.md:2: The page has no tab 'mxnet'; it has pytorch, jax."
    for method in page.for_tab, page.left_out:
        with pytest.raises(PageError, match=message):
            method('mxnet')
    with pytest.raises(PageError, match="no tab 'keras'; it has pytorch, jax"):
        page.for_tab('keras')


@pytest.mark.parametrize('name', ['pytroch', 'torhc', 'jxa', 'mxent', 'tensoflow', 'al', 'al l'])
def test_a_slip_is_told_with_the_name_that_was_meant(name):
    with pytest.raises(BackendError, match=r'Did you mean .*\?$'):
        canonical_tabs(name)


OTHERS = FRONT.replace("'pytorch', 'jax'", "'pytorch', 'paddle', 'jax'")


def test_tab_without_a_backend_is_left_out():
    page = parse_page(
        OTHERS
        + cell('%%tab paddle')
        + cell('#@tab jax, paddle')
        + ':begin_tab:`paddle`\nText.\n:end_tab:\n'
        + cell('%%tab all')
        + cell('%%tab mindspore')
    )
    assert (page.tabs, page.other_tabs) == (('pytorch', 'jax'), ('paddle', 'mindspore'))
    assert positions(page, 'jax') == [1, 3, 4]
    assert not [part for part in page.parts_for_tab('jax') if isinstance(part, Prose)]
    with pytest.raises(BackendError, match="Unknown backend 'paddle'"):
        page.for_tab('paddle')


def test_page_for_a_tab_without_a_backend_alone():
    page = parse_page(cell('%%tab paddle') + cell('2'), 'page.md')
    with pytest.raises(PageError, match=r"^page.md:1: The page has no tab 'jax'; it has paddle\."):
        page.for_tab('jax')
    page = parse_page(cell('%%tab paddle') + cell('%%tab all') + cell('3'))
    assert positions(page, 'jax') == [2]  # the cell without a tab is for paddle, the first one


def test_tab_that_nobody_has():
    with pytest.raises(BackendError, match="Unknown backend 'keras'"):
        read_page(PAGES / 'plain.md').for_tab('keras')


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(PageError, match='nowhere.md: Cannot read the page: No such file'):
        read_page(tmp_path / 'nowhere.md')
    with pytest.raises(PageError, match='Cannot read the page'):
        read_page(tmp_path)
    (tmp_path / 'latin.md').write_bytes(b'```python\nx = 1\n# caf\xe9\n```\n')
    with pytest.raises(PageError, match=r'latin.md:3: The page is not UTF-8 text'):
        read_page(tmp_path / 'latin.md')


def test_reading_runs_nothing_and_imports_no_framework(tmp_path):
    (tmp_path / 'page.md').write_text(FRONT + cell('%%tab all', "open('ran', 'w')"))
    code = """
import sys
from d2lite.pages.reading.page import read_page
read_page('page.md').for_tab('pytorch')
heavy = {'torch', 'jax', 'tensorflow', 'mxnet', 'IPython', 'nbclient', 'matplotlib.pyplot'}
print(*heavy & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ('\n', '')
    assert not (tmp_path / 'ran').exists()
