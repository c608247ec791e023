"""`d2lite convert` and `d2lite lessons`: pages to notebooks and back, folders, no lost work."""

import base64
import json

import nbformat
import pytest
from nbformat import v4
from test_cli_files import files, write

from d2lite.pages.lessons import all_lessons, folder
from d2lite.pages.reading.page import read_page
from d2lite.pages.rewriting.plain_notebook import MXNET

PICTURE = base64.b64decode(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
)


def read(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    return notebook


def test_a_notebook_of_all_tabs_has_a_selector_and_the_lines_of_the_tabs(command, tmp_path):
    prose = '# Title\n\n:begin_tab:`jax, mxnet`\nFor two.\n:end_tab:'
    write(
        tmp_path / 'lesson.md',
        '#@tab jax\nfrom d2l import jax as d2l',
        '%%tab mxnet\nfrom mxnet import np',
        '%%tab jax, tensorflow\nimport d2l  #@save',
        'default = 1',
        '%%tab all\nif tab.selected("jax"):\n    x = 1',
        '%%tab paddle\nimport paddle',
        prose=prose,
    )
    code, out, err = command('convert', 'lesson.md', '--tab', 'all')
    assert (code, out) == (0, 'Wrote lesson.ipynb\n')
    assert err == 'd2lite: paddle is left out: d2lite has no backend of this name.\n'
    cells = read(tmp_path / 'lesson.ipynb').cells
    assert [cell.source for cell in cells] == [
        '# Title',
        '**MXNet, JAX:**\n\nFor two.',
        "%load_ext d2lite.tab\ntab.interact_select(['mxnet', 'pytorch', 'tensorflow', 'jax'])",
        '%%tab jax\nfrom d2lite import jax as d2l',
        f'%%tab mxnet\n{MXNET}\nfrom mxnet import np',
        '%%tab tensorflow, jax\nimport d2lite as d2l',
        '%%tab mxnet\ndefault = 1',
        '%%tab all\nif tab.selected("jax"):\n    x = 1',
    ]


def test_a_page_without_tabs_gets_a_selector(command, tmp_path):
    (tmp_path / 'page.md').write_text('# T\n\n```python\nd2l.ones(2)\n```\n')
    assert command('convert', 'page.md', '--tab', 'all')[0] == 0
    front, imports, title, code = (cell.source for cell in read(tmp_path / 'page.ipynb').cells)
    assert front.startswith('%load_ext d2lite.tab\ntab.interact_select(')
    assert (imports, title, code) == ('import d2lite as d2l', '# T', 'd2l.ones(2)')


def test_a_page_becomes_a_notebook_and_again_a_page(command, tmp_path):
    prose = '# Title\n\n:begin_tab:`jax, mxnet`\nFor two.\n:end_tab:\n\n```python\nno cell\n```'
    write(tmp_path / 'lesson.md', '%%tab jax\n1', '%%tab all\n"```"\n2', prose=prose)
    page = read_page(tmp_path / 'lesson.md')
    assert command('convert', 'lesson.md', '--tab', 'all', '-o', 'a.ipynb')[0] == 0
    assert command('convert', 'a.ipynb') == (0, 'Wrote a.md\n', '')
    again = read_page(tmp_path / 'a.md')
    assert [(c.source, c.tabs, c.front) for c in again.cells] == [
        (c.source, c.tabs, c.front) for c in page.cells
    ]
    assert [(p.text, p.tabs) for p in again.parts if p not in again.cells] == [
        (p.text, ('mxnet', 'jax') if p.tabs else None) for p in page.parts if p not in page.cells
    ]


def test_a_notebook_becomes_a_page_with_its_pictures(command, tmp_path):
    cells = [
        v4.new_markdown_cell('![x](attachment:a b.png)'),
        v4.new_code_cell('```\n1 / 0', metadata={'tags': ['raises-exception']}),
        v4.new_raw_cell('raw'),
        v4.new_code_cell('x = 1', outputs=[v4.new_output('stream', text='old')]),
    ]
    cells[0]['attachments'] = {'a b.png': {'image/png': base64.b64encode(PICTURE).decode()}}
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / 'mine.ipynb')
    assert command('convert', 'mine.ipynb', '-o', 'page.md') == (0, 'Wrote page.md\n', '')
    assert (tmp_path / 'page.md').read_text() == (
        '![x](mine_files/1-a%20b.png)\n\n'
        '````{.python .input .raises-exception}\n```\n1 / 0\n````\n\nraw\n\n'
        '```{.python .input}\nx = 1\n```\n'
    )
    assert (tmp_path / 'mine_files/1-a b.png').read_bytes() == PICTURE


@pytest.mark.parametrize(
    'content, message',
    [
        ('no JSON', 'd2lite: bad.ipynb: This is no Jupyter notebook: '),
        ('{}', 'd2lite: bad.ipynb: This is no Jupyter notebook: '),
        (
            json.dumps(
                v4.new_notebook(
                    cells=[v4.new_code_cell('1')],
                    metadata={'kernelspec': {'language': 'R', 'name': 'ir', 'display_name': 'R'}},
                )
            ),
            'd2lite: bad.md: The notebook is in R; a page is in Python.\n',
        ),
        (json.dumps(v4.new_notebook()), 'd2lite: bad.md: The notebook has no cells with code'),
    ],
)
def test_what_is_no_notebook_of_python_is_told(command, tmp_path, content, message):
    (tmp_path / 'bad.ipynb').write_text(content)
    code, out, err = command('convert', 'bad.ipynb')
    assert (code, out) == (2, '') and err.startswith(message)
    assert not (tmp_path / 'bad.md').exists()


def test_a_folder_stands_for_its_pages_else_for_its_notebooks(command, tmp_path):
    (tmp_path / 'book/sub').mkdir(parents=True)
    write(tmp_path / 'book/one.md', '%%tab all\n1', prose='# One\n\n![](p.png), [two](sub/two.md)')
    write(tmp_path / 'book/sub/two.md', '%%tab jax\n1', prose='# Two\n\n:numref:`sec_no`')
    (tmp_path / 'book/README.md').write_text('no cells')
    (tmp_path / 'book/p.png').write_bytes(PICTURE)
    code, out, err = command('convert', 'book', '--tab', 'jax', '-o', 'out')
    assert (code, out) == (0, 'Wrote out/one.jax.ipynb\nWrote out/sub/two.jax.ipynb\n')
    assert err.startswith('d2lite: book/sub/two.md:3: No page of this run has the label sec_no;')
    assert files(tmp_path / 'out') == [
        'one.jax.ipynb',
        'one.jax_files/p.png',
        'sub/two.jax.ipynb',
    ]
    first = read(tmp_path / 'out/one.jax.ipynb').cells[0].source
    assert first == '# One\n\n![](one.jax_files/p.png), [two](sub/two.jax.ipynb)'
    assert command('convert', 'out') == (
        0,
        'Wrote build/one.jax.md\nWrote build/sub/two.jax.md\n',
        '',
    )
    (tmp_path / 'book/sub/two.md').write_text('```python\n%%tab pytroch\n```\n')
    code, out, err = command('convert', 'book', '--tab', 'jax', '-o', 'new')
    assert (code, out) == (1, 'Wrote new/one.jax.ipynb\n')
    assert 'd2lite: book/sub/two.md:2: Unknown tab' in err
    (tmp_path / 'empty').mkdir()
    code, _, err = command('convert', 'empty')
    assert code == 2 and 'holds no Markdown files, so no pages, and no notebooks' in err


def test_of_several_files_none_is_written_if_one_would_lose_work(command, tmp_path):
    for name in 'one', 'two':
        write(tmp_path / f'{name}.md', '%%tab all\n1')
    (tmp_path / 'two.jax.ipynb').write_text('worked in')
    code, out, err = command('convert', 'one.md', 'two.md', '--tab', 'jax')
    assert (code, out) == (2, '')
    assert err.startswith(
        'd2lite: two.jax.ipynb is there, and differs from what d2lite has written'
    )
    assert files(tmp_path) >= ['one.md'] and not (tmp_path / 'one.jax.ipynb').exists()
    assert command('convert', 'one.md', 'two.md', '--tab', 'jax', '--force')[0] == 0
    assert (tmp_path / 'one.jax.ipynb').exists()


def test_a_notebook_beside_its_page_leaves_the_pictures_where_they_are(command, tmp_path):
    (tmp_path / 'p.png').write_bytes(PICTURE)
    write(tmp_path / 'lesson.md', '%%tab all\n1', prose='![](p.png)')
    assert command('convert', 'lesson.md', '--tab', 'jax')[0] == 0
    assert read(tmp_path / 'lesson.jax.ipynb').cells[0].source == '![](p.png)'
    assert not (tmp_path / 'lesson.jax_files').exists()


def test_lessons_are_listed_and_copied(command, tmp_path):
    code, out, _ = command('lessons')
    assert code == 0 and out.count('\n') == len(list(folder().glob('*.md'))) > 10
    name, title = next(iter(all_lessons().items()))
    assert out.startswith(name) and title in out.split('\n')[0]
    code, out, _ = command('lessons', name, '-o', 'here/it')
    copy = tmp_path / f'here/it/{name}.md'
    assert code == 0 and out.startswith(f'Wrote here/it/{name}.md. To run it: d2lite run here/it/')
    assert copy.read_bytes() == (folder() / f'{name}.md').read_bytes()
    copy.write_text('mine')
    code, _, err = command('lessons', 'all', '-o', 'here/it')
    assert code == 2 and 'somebody may have worked in it' in err
    assert files(tmp_path / 'here/it') == [f'{name}.md'] and copy.read_text() == 'mine'
    assert command('lessons', 'all', '-o', 'here/it', '--force')[0] == 0
    assert len(files(tmp_path / 'here/it')) == len(all_lessons())
    code, _, err = command('lessons', 'lenett')
    assert (code, err) == (2, "d2lite: There is no lesson 'lenett'. Did you mean 'lenet'?\n")
