"""A notebook of one tab has nothing of tabs left, and runs to the same numbers."""

import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from contract import require
from hypothesis import given, settings
from hypothesis import strategies as st
from nbclient import NotebookClient

from d2lite.pages.reading.book import Book
from d2lite.pages.reading.page import PageError, parse_page, read_page
from d2lite.pages.rewriting.code import without_save_marks
from d2lite.pages.rewriting.imports import import_d2lite
from d2lite.pages.rewriting.plain_notebook import to_plain_notebook
from d2lite.pages.rewriting.tabbed_notebook import to_tabbed_notebook
from d2lite.pages.rewriting.tabs import resolve

ROOT = Path(__file__).parent.parent.parent
PAGES = [*sorted((ROOT / 'notebooks').glob('*.md')), ROOT / 'tests/pages/tabbed.md']


def page_of(*cells):
    return parse_page(''.join(f'```python\n{cell}\n```\n' for cell in cells), 'page.md')


@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.stem)
def test_nothing_of_tabs_is_left(path):
    page = read_page(path)
    for tab in page.tabs:
        notebook = to_plain_notebook(page, tab)
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == 'python3'
        for cell in notebook.cells:
            assert not re.search(r':(begin|end)_tab:|:label:|:numref:', cell.source)
            if cell.cell_type == 'code':
                machinery = r'%%tab|#\s*@(tab|save)|\btab\.|\.tab\b|\bfrom d2l\b|\bimport d2l\b'
                assert not re.search(machinery, cell.source)
                assert import_d2lite(cell.source, tab) == cell.source  # Python, and done


def test_only_what_is_of_the_tab():
    page = read_page(ROOT / 'tests/pages/tabbed.md')
    for tab in page.tabs:
        notebook = to_plain_notebook(page, tab)
        code = [cell for cell in notebook.cells if cell.cell_type == 'code']
        assert len(code) == len(page.for_tab(tab)) - 1  # without the front cell
        assert ('Text for one tab.' in str(notebook.cells)) == (tab == 'mxnet')


def test_tab_without_a_backend_is_left_out():
    page = page_of('%%tab paddle\n1', "%%tab jax\nif tab.selected('paddle'):\n    2\nelse:\n    3")
    assert [cell.source for cell in to_plain_notebook(page, 'jax').cells] == ['3']


def test_d2l_is_imported_where_only_another_tab_does():
    page = page_of(
        '%%tab jax\nfrom d2l import jax as d2l', '%%tab all\n%time 1', '%%tab all\nd2l.ones(2)'
    )
    first = 'from d2lite import jax as d2l'
    assert [cell.source for cell in to_plain_notebook(page, 'jax').cells][0] == first
    notebook = to_plain_notebook(page_of('%%tab mxnet\n1', '%%tab jax,mxnet\nd2l.ones(2)'), 'mxnet')
    assert [cell.source for cell in notebook.cells] == [
        'from d2lite import mxnet as d2l',
        '1',
        'd2l.ones(2)',
    ]
    for code in 'd2l = 1\nd2l.a', 'import d2l.jax', 'x = 1', '%%bash\nd2l.x | grep':
        notebook = to_plain_notebook(page_of(code, 'd2l.ones' if 'x' not in code else '1'), 'jax')
        assert len(notebook.cells) == 2


CELL = """\
class Model:
    \"\"\"Has a text
        of its own.\"\"\"
    if tab.selected('mxnet'):  # the old one
        a = 1  # kept
        # last words

    if tab.selected(['pytorch', 'jax']):
        text = '''
    not code'''

        def b(self): return (1,
2)
    # of the class

    if not tab.selected('mxnet') and deep:
        c = 3
    elif tab.selected('jax'):
        c = 4
    else:
        c = 5
    flag = 1 if tab.selected('jax') else 2
    ok = [tab.selected('tf', 'jax')]
"""


def test_branches_keep_their_text():
    assert (
        resolve(CELL, 'mxnet')
        == """\
class Model:
    \"\"\"Has a text
        of its own.\"\"\"
    a = 1  # kept
    # last words

    # of the class

    c = 5
    flag = 2
    ok = [False]
"""
    )
    assert (
        resolve(CELL, 'jax')
        == """\
class Model:
    \"\"\"Has a text
        of its own.\"\"\"

    text = '''
    not code'''

    def b(self): return (1,
2)
    # of the class

    if not False and deep:
        c = 3
    else:
        c = 4
    flag = 1
    ok = [True]
"""
    )


def test_branches_in_any_layout():
    code = 'if (\n    x\n):\n\ta = 1\n'
    code += "elif (tab.selected('jax') and\n        tab.selected('tf','jax')): a = 2\n"
    assert resolve(code, 'jax') == 'if (\n    x\n):\n\ta = 1\nelse: a = 2\n'
    assert resolve(code, 'mxnet') == 'if (\n    x\n):\n\ta = 1\n'
    code = "while x:\n\tif tab.selected('jax'):\n\t\tpass; y()\n\telse: z()"
    assert resolve(code, 'jax') == 'while x:\n\tpass; y()'
    assert resolve(code, 'mxnet') == 'while x:\n\tz()'
    assert resolve(code.rpartition('\n')[0], 'mxnet') == 'while x:\n\tpass'
    assert resolve("a = 1; tab.interact_select('jax')  # x", 'jax') == 'a = 1; pass  # x'


CONDITIONS = st.recursive(
    st.sampled_from(["tab.selected('jax')", "tab.selected('mxnet', 'torch')", 'deep', '"é" < "ü"']),
    lambda inner: st.one_of(
        inner.map(lambda c: f'not ({c})'),
        st.tuples(inner, st.sampled_from(['and', 'or']), inner).map(
            lambda t: f'({t[0]}) {t[1]} {t[2]}'
        ),
    ),
    max_leaves=4,
)
SIMPLE = st.one_of(
    st.integers(0, 99).map(lambda n: f'out.append({n})'),
    CONDITIONS.map(lambda c: f'out.append(1 if {c} else 2)'),
    CONDITIONS.map(lambda c: f'out.append(({c}, "é"))'),
    st.just('out.append("""a\n  b\n""")'),
    st.just('# a remark'),
    st.just(''),
)


def indented(text):
    return ''.join(f'    {line}\n' for line in text.split('\n'))


def block(statements):
    return '\n'.join([*statements, 'out.append(-1)'])


@st.composite
def ifs(draw, inner):
    text = f'if {draw(CONDITIONS)}:  # why\n{indented(block(draw(inner)))}'
    for condition in draw(st.lists(CONDITIONS, max_size=2)):
        text += f'elif {condition}:\n{indented(block(draw(inner)))}'
    if draw(st.booleans()):
        text += f'else:\n{indented(block(draw(inner)))}'
    return text + draw(st.sampled_from(['', '    # inside\n', '# outside\n', '\n']))


PROGRAMS = st.recursive(
    st.lists(SIMPLE, max_size=3),
    lambda inner: st.lists(
        st.one_of(
            SIMPLE,
            ifs(inner),
            st.just("if tab.selected('jax'): out.append(7)\nelse: out.append(8)"),
        ),
        max_size=3,
    ),
    max_leaves=6,
)


@given(PROGRAMS, st.sampled_from(['jax', 'pytorch', 'mxnet', 'tensorflow']), st.booleans())
@settings(deadline=None)
def test_what_is_settled_does_the_same(program, tab, deep):
    text = '\n'.join(program)
    names = {'jax': 'jax', 'mxnet': 'mxnet', 'torch': 'pytorch'}
    living = SimpleNamespace(selected=lambda *asked: tab in [names[name] for name in asked])
    expected, got = [], []
    exec(text, {'out': expected, 'tab': living, 'deep': deep})
    settled = resolve(text, tab)
    assert 'tab.' not in settled
    exec(settled, {'out': got, 'deep': deep})
    assert got == expected


@pytest.mark.parametrize(
    'code, line, message',
    [
        ('x = 1\nf = tab.selected', 3, 'only running it says'),
        ('x = 1 #@save\n#@save\ntab.selected(x)', 4, 'tab.selected takes names of tabs in quotes'),
        ('\n\nx = [tab.interact_select("jax")]', 4, 'only running it says'),
        ("if tab.selected('jaxx'):\n  pass", 2, "Unknown tab 'jaxx'"),
        ("if tab.selected('jax') pass", 1, 'cannot be read as Python'),
    ],
)
def test_what_cannot_be_settled_is_told_with_its_line(code, line, message):
    page = parse_page(f'```python\n{code}\n```\n```python\n%%tab jax\n1\n```\n', 'page.md')
    with pytest.raises(PageError, match=rf'^page.md:{line}: .*{message}'):
        to_plain_notebook(page, 'jax')


@pytest.mark.parametrize(
    'code, plain',
    [
        ('import d2l', 'from d2lite import torch as d2l'),
        ('import d2lite as d', 'from d2lite import torch as d'),
        ('import d2lite, os', 'import d2lite, os'),
        (
            'import d2l; import d2l.jax as e',
            'from d2lite import torch as d2l; import d2lite.jax as e',
        ),
        ('import os, d2l  # é', 'import os; from d2lite import torch as d2l  # é'),
        ('%time 1\nfrom d2l import torch as d2l', '%time 1\nfrom d2lite import torch as d2l'),
        ('import d2l.torch as d', 'import d2lite.torch as d'),
        ('if 1:\n    from d2l.torch import Module', 'if 1:\n    from d2lite.torch import Module'),
        ('from d2lbook2 import x; d2l = 1', 'from d2lbook2 import x; d2l = 1'),
        ('%%bash\nls | grep x', '%%bash\nls | grep x'),
    ],
)
def test_imports(code, plain):
    notebook = to_plain_notebook(page_of(code), 'torch')
    assert [cell.source for cell in notebook.cells] == [plain]


def test_mxnet_is_made_to_work_before_it_is_imported():
    page = page_of('import os', 'from mxnet import np', 'import d2l')
    first, *_ = to_plain_notebook(page, 'mxnet').cells
    assert first.source.startswith('import d2lite.mxnet  #')
    assert len(to_plain_notebook(page, 'jax').cells) == 3
    page = page_of('import d2l', 'from mxnet import np')
    assert len(to_plain_notebook(page, 'mxnet').cells) == 2


def test_save_marks():
    code = "%ls\n#@save\ndef f():  #@save\n    '''#@save'''\n    # @save\n    return '#@save'  # x"
    assert without_save_marks(code) == "%ls\ndef f():\n    '''#@save'''\n    return '#@save'  # x"
    assert without_save_marks('not python  #@save\n') == 'not python\n'


def test_old_outputs_are_left_out():
    page = parse_page('```python\n1\n```\n\n    X = 1\n\nText.\n\n    indented\n')
    sources = [cell.source for cell in to_plain_notebook(page, 'jax').cells]
    assert sources == ['1', 'Text.\n\n    indented']


def test_front_cell_keeps_the_rest_of_it():
    page = page_of(
        '%load_ext d2lbook.tab\ntab.interact_select(\n  "jax")\nimport os', '%%tab jax\n1'
    )
    assert [cell.source for cell in to_plain_notebook(page, 'jax').cells] == ['import os', '1']


def test_converted_lesson_comes_to_the_same_numbers(tmp_path, monkeypatch):
    """In a bare kernel, in which nothing has readied d2lite for the page."""
    require('pytorch')
    monkeypatch.delenv('PYTEST_CURRENT_TEST')  # where it is set, ipykernel captures less
    monkeypatch.setenv('D2LITE_BACKEND', 'keras')  # of no use to it
    page = read_page(ROOT / 'notebooks/linear-regression-scratch.md')
    notebook = to_plain_notebook(page, 'pytorch')
    notebook.cells.append(nbformat.v4.new_code_cell('print(trainer.history[-1]["val_loss"])'))
    NotebookClient(notebook, resources={'metadata': {'path': tmp_path}}).execute()
    (output,) = notebook.cells[-1].outputs
    assert float(output.text) == pytest.approx(0.047944, rel=1e-3)  # as test_pages_run has it


@pytest.mark.parametrize('tab', ['pytorch', 'jax'])
def test_a_notebook_of_all_tabs_runs_on_the_tab_that_is_chosen(tmp_path, monkeypatch, tab):
    require(tab)
    monkeypatch.setenv('D2LITE_BACKEND', tab)
    page = read_page(ROOT / 'notebooks/linear-regression-scratch.md')
    place = Path(page.path.name)
    notebook = to_tabbed_notebook(page, Book({place: page}).references(place, '.ipynb'))
    line = 'print(d2lite.backend(), trainer.history[-1]["val_loss"])'
    notebook.cells.append(nbformat.v4.new_code_cell(f'import d2lite\n{line}'))
    NotebookClient(notebook, resources={'metadata': {'path': tmp_path}}).execute()
    (output,) = notebook.cells[-1].outputs
    backend, loss = output.text.split()
    assert backend == tab and float(loss) == pytest.approx(0.047944, rel=1e-3)
