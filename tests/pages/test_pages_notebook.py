"""A page survives being a notebook; an edited notebook becomes a page of the same cells."""

from pathlib import Path

import nbformat
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from d2lite.pages.reading.page import PageError, parse_page, read_page
from d2lite.pages.rewriting.notebook import to_notebook, to_page

ROOT = Path(__file__).parent.parent.parent
PAGES = [*sorted((ROOT / 'notebooks').glob('*.md')), *sorted((ROOT / 'tests/pages').glob('*.md'))]


def through_a_file(notebook):
    nbformat.validate(notebook)
    return nbformat.reads(nbformat.writes(notebook), as_version=4)


@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.stem)
def test_a_page_comes_back(path):
    page = read_page(path)
    notebook = through_a_file(to_notebook(page))
    assert [c.source for c in notebook.cells if c.cell_type == 'code'] == [
        cell.content for cell in page.cells
    ]
    assert to_page(notebook) == page.text


PROSE_LINES = """


  \x20
# Überschrift
Text $a_1$ :numref:`sec_x`.  \x20
- item
  more
1. one
> quote
> ```text
<div>
</div>
\ttabbed
    indented code
\x0cfeed\u2028 é 𝛼
| a |
---
```text
```
~~~~
<!--
-->
```python
:label:`a`
"""
CODE_LINES = """

  \x20
x = 1
    y
```
````
~~~
s = "é\u2028\x0b"
\tz
# ```python
%matplotlib inline
```{.python .input}
tab.selected("jax")
"""
PROSE = st.lists(st.sampled_from(PROSE_LINES.split('\n')), max_size=5)
CODE = st.lists(st.sampled_from(CODE_LINES.split('\n')), max_size=5)
TAB = st.sampled_from(['', '%%tab all', '%%tab pytorch, jax', '\n#@tab mxnet', '%%tab jax  '])


@st.composite
def fences(draw):
    mark = draw(st.sampled_from(['```', '````', '~~~', '`````']))
    info = draw(st.sampled_from(['python', '{.python .input}', '{.python .input  n=3 id=é}']))
    indent = draw(st.sampled_from(['', '', ' ', '   ']))
    lines = [
        mark + info,
        *draw(TAB).split('\n'),
        *draw(CODE),
        mark + draw(st.sampled_from(['', '  '])),
    ]
    return [indent + line for line in lines]


@st.composite
def blocks(draw):
    return [':begin_tab:`jax, tf`', *draw(PROSE), ':end_tab: ']


@st.composite
def texts(draw):
    """Pages: of the parts drawn, those with which what is before them makes one."""
    lines = draw(st.sampled_from([[], ['', '']]))
    for part in [draw(fences()), *draw(st.lists(st.one_of(PROSE, fences(), blocks()), max_size=6))]:
        try:
            parse_page('\n'.join([*lines, *part]))
            lines = [*lines, *part]
        except PageError:
            pass
    assume(any(line.strip() for line in lines))
    end = draw(st.sampled_from(['\n', '\r\n', '\r']))
    return end.join(lines) + draw(st.sampled_from(['', end, end + end]))


@given(texts())
@settings(deadline=None)
def test_any_page_comes_back(text):
    page = parse_page(text)
    assert ''.join(part.raw for part in page.parts) == page.text
    assert page.text == text.replace('\r\n', '\n').replace('\r', '\n')
    assert to_page(through_a_file(to_notebook(page))) == page.text


new_cells = st.one_of(
    st.tuples(TAB, CODE).map(lambda pair: code('\n'.join(filter(None, [pair[0], *pair[1]])))),
    PROSE.map(lambda lines: markdown('\n'.join(lines))),
)


@given(texts(), st.data())
@settings(deadline=None)
def test_an_edited_notebook_becomes_a_page_of_its_cells(text, data):
    notebook = through_a_file(to_notebook(parse_page(text)))
    cells = notebook.cells
    for _ in range(data.draw(st.integers(1, 4))):
        where = data.draw(st.integers(0, len(cells)))
        match data.draw(st.sampled_from(['add', 'delete', 'change', 'strip', 'copy'])):
            case 'add':
                cells.insert(where, data.draw(new_cells))
            case 'delete':
                del cells[where : where + 1]
            case 'change' if where < len(cells):
                cells[where].source = data.draw(new_cells).source
            case 'strip' if where < len(cells):
                cells[where].metadata = nbformat.from_dict({})
            case 'copy':
                cells[where:where] = cells[:1]
    sources = [cell.source for cell in cells if cell.cell_type == 'code']
    prose = '\n'.join(cell.source for cell in cells if cell.cell_type == 'markdown')
    try:
        written = to_page(notebook)
    except PageError:
        # These may hide a cell or be one, and prose may end in the middle of something.
        assert not sources or any(
            mark in prose for mark in ('.input', '<!--', '_tab:', '```', '~~~')
        )
        return
    page = parse_page(written)
    assert [cell.content for cell in page.cells] == sources
    assert to_page(through_a_file(to_notebook(page))) == written


def code(source, **metadata):
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def markdown(source):
    return nbformat.v4.new_markdown_cell(source)


def test_a_notebook_of_somebody_else():
    cells = [markdown('# Title\n'), code('x = 1'), code(''), markdown(' '), code('"""\n```\n"""')]
    cells += [nbformat.v4.new_raw_cell('as is'), markdown('```python\nshown')]
    assert to_page(nbformat.v4.new_notebook(cells=cells)) == (
        '# Title\n\n```{.python .input}\nx = 1\n```\n\n```{.python .input}\n```\n\n'
        '````{.python .input}\n"""\n```\n"""\n````\n\nas is\n\n```python\nshown\n```\n'
    )


def test_edits_keep_what_stands_around_them():
    text = 'Text.\n```{.python .input  n=7 id=a}\nx\n```\nMore.\n~~~python\nno cell\n~~~\n\n\n\nEnd'
    notebook = to_notebook(parse_page(text))
    notebook.cells[1].source = 'x = """\n```\n"""'
    assert to_page(notebook) == text.replace('\nx\n```\n', '\nx = """\n```\n"""\n````\n\n').replace(
        '.\n```', '.\n\n````'
    )
    del notebook.cells[1]
    notebook.cells.append(code('y'))
    assert to_page(notebook) == (
        'Text.\n\nMore.\n~~~python\nno cell\n~~~\n\n\n\nEnd\n\n```{.python .input}\ny\n```\n'
    )


def test_plain_pages_stay_plain_as_long_as_they_can():
    notebook = to_notebook(parse_page('~~~python\nx\n~~~\n'))
    notebook.cells.append(code('y'))
    assert to_page(notebook) == '~~~python\nx\n~~~\n\n```python\ny\n```\n'
    notebook.cells.insert(0, markdown('```python\nshown\n```'))
    assert to_page(notebook) == (
        '```python\nshown\n```\n\n~~~{.python .input}\nx\n~~~\n\n```{.python .input}\ny\n```\n'
    )


def test_pasted_pictures_are_kept():
    cell = markdown('![a](attachment:a.png)')
    cell.attachments = {'a.png': {'image/png': 'AAAA'}}
    text = to_page(nbformat.v4.new_notebook(cells=[cell, code('x')]))
    assert text.startswith('![a](data:image/png;base64,AAAA)\n')
    notebook = to_notebook(parse_page('![a](attachment:a.png)\n```python\nx\n```\n'))
    notebook.cells[0].attachments = cell.attachments
    assert to_page(notebook).startswith('![a](data:image/png;base64,AAAA)\n')


@pytest.mark.parametrize(
    'cells, message',
    [
        ([markdown('```{.python .input}\nx\n```'), code('y')], 'Code cell 1 of the notebook would'),
        ([markdown('<!-- open'), code('x'), markdown('-->'), code('y')], 'Code cell 1 of the'),
        ([code('x\n%%tab jax')], '%%tab must be the first line'),
        ([markdown(':end_tab:'), code('x')], ':end_tab: without'),
        ([markdown('Only text.')], 'The page has no cells'),
    ],
)
def test_notebooks_that_are_no_page(cells, message):
    with pytest.raises(PageError, match=rf'^there.md:\d+: {message}'):
        to_page(nbformat.v4.new_notebook(cells=cells), 'there.md')
