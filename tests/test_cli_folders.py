"""`d2lite run FOLDER`: all pages of a folder, a report to go on with, and folders of their own."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from d2lite import selection

LINEAR = '```python\nprint(d2l.numpy(d2l.Tensor([1])))\n```\n'
OLD = 'Text.\n\n```python\n1\n```\n\n```python\n\nd2l.train_ch3()\n```\n'
TABBED = '```python\n%%tab jax\n1\n```\n\n```python\n%%tab paddle\nnever\n```\n'


@pytest.fixture
def book(tmp_path):
    """A folder of pages; the names are not ASCII."""
    texts = {
        'book/第一章/线性 回归.md': LINEAR,
        'book/第一章/old.md': OLD,
        'book/second/index.md': TABBED,
        'book/second/README.md': 'No code.',
        'book/second/slip.md': '```python\n%%tab pytroch\n1\n```\n',
        'book/.hidden/page.md': '```python\n1 / 0\n```\n',
        'book/index.md': '```python\n1 / 0\n```\n',
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / 'book'


@pytest.fixture
def two_tabs(monkeypatch):
    """All tabs are these two, so that fewer kernels start."""
    backends = {'pytorch': 'd2lite_torch', 'jax': 'd2lite_jax'}
    monkeypatch.setattr(selection, 'registered_backends', lambda: backends)


def rows(out):
    """The lines of the matrix, as lists of words."""
    lines = out[out.index('Pages that passed') :].replace('┃', '│').splitlines()
    return [line.strip('│ ').split('│') for line in lines if '│' in line]


def test_a_folder_ends_with_a_matrix_and_the_failures_by_cause(command, book, two_tabs):
    code, out, err = command(
        'run', 'book', '--tab', 'all', '--report', 'reports/report.json', '--jobs', '2'
    )
    assert code == 1
    matrix = [[word.strip() for word in row] for row in rows(out)]
    assert matrix == [
        ['folder', 'pytorch', 'jax', 'all'],
        ['.', '0/1', '0/1', '0/2'],
        ['second', '–', '1/1', '1/1'],
        ['第一章', '1/2', '1/2', '2/4'],
        ['all', '1/3', '2/4', '3/7'],
    ]
    causes = out[out.index('2 × AttributeError') :]
    assert causes.startswith(
        "2 × AttributeError: d2lite has no 'train_ch3'\n"
        '    book/第一章/old.md:9 (cell 2) on pytorch, jax\n'
        '    train_ch3 is no longer in d2l since 1.0.'
    )
    assert '\n2 × ZeroDivisionError: division by zero\n    book/index.md:2 (cell 1) on' in causes
    assert "\n1 × PageError: Unknown tab 'pytroch'" in causes
    assert "Did you mean 'pytorch'?\n    book/second/slip.md:2\n" in causes
    assert err.count('paddle is left out: d2lite has no backend of this name.') == 1
    assert "d2lite: book/second/slip.md:2: Unknown tab 'pytroch'" in err
    assert 'd2lite: book/第一章/old.md:9: jax failed: cell 2 (line 9): AttributeError' in err

    runs = json.loads((book.parent / 'reports/report.json').read_text())['runs']
    assert len(runs) == 8
    (run,) = (run for run in runs if (run['place'], run['tab']) == ('第一章/old.md', 'jax'))
    assert (run['passed'], run['cells_run'], run['cell'], run['line']) == (False, 1, 2, 9)
    assert run['outputs'] == 'build/第一章/old.jax.ipynb'
    notebook = nbformat.read(book.parent / run['outputs'], 4)
    assert notebook.cells[-1].outputs[0].ename == 'AttributeError'
    passed = nbformat.read(book.parent / 'build/第一章/线性 回归.jax.ipynb', 4)
    assert passed.cells[0].outputs[0].text == '[1]\n'


def test_web_pages_of_a_folder_and_their_index(command, book):
    (book / 'index.md').unlink()
    (book / 'second/slip.md').unlink()
    code, _, _ = command('run', 'book', '--tab', 'jax', '--to', 'html', '--to', 'md', '--index')
    assert code == 1
    index = (book.parent / 'build/index.html').read_text()
    assert '<a href="%E7%AC%AC%E4%B8%80%E7%AB%A0/%E7%BA%BF%E6%80%A7%20%E5%9B%9E' in index
    assert (book.parent / 'build/第一章/线性 回归.html').exists()
    assert (book.parent / 'build/第一章/线性 回归.jax.md').exists()
    report = ['--report', 'report.json', '--resume']
    command('run', 'book', '--tab', 'jax', *report)
    code, out, _ = command('run', 'book', '--tab', 'jax', '--to', 'html', '--index', *report)
    assert (
        code == 1 and 'Wrote 1 file into build' in out
    )  # nothing ran again, and the index is whole
    assert (book.parent / 'build/index.html').read_text() == index


def test_pages_without_the_tab_are_left_out(command, book, monkeypatch):
    code, out, err = command('run', 'book/second', '--tab', 'mxnet')
    assert code == 1  # a page that cannot be read
    assert 'd2lite: 1 of the pages left out: no such tab.\n' in err
    (book / 'second/slip.md').unlink()
    code, _, err = command('run', 'book/second', '--tab', 'mxnet')
    assert code == 2 and 'd2lite: No page in book/second runs on this tab.' in err
    of_flax = ('jax', 'nnx')
    monkeypatch.setattr(selection, 'missing_modules', lambda n: ['flax'] if n in of_flax else [])
    monkeypatch.delenv('D2LITE_REQUIRE_ALL', raising=False)
    code, out, err = command('run', 'book/second', 'book/第一章/线性 回归.md', '--tab', 'all')
    assert code == 0 and '3/3' in out
    assert '1 of the pages left out: no tab that works here.' in err
    assert err.count('jax is left out: it needs flax') == 1
    code, _, err = command('run', 'book/.hidden/..', '--set', 'nothing=1')
    assert code == 2 and '--set nothing: no page has a place that could take it' in err


def test_what_was_interrupted_goes_on(command, book):
    for page in book.rglob('*.md'):
        page.unlink()
    (book / 'a.md').write_text('```python\nopen("../ran-a", "a").write("a")\n```\n')
    wait = 'import os, time\nopen("../ran-b", "a").write("b")\n'
    wait += 'while not os.path.exists("../go on"): time.sleep(0.05)'
    (book / 'b.md').write_text(f'```python\n{wait}\n```\n')
    arguments = ['run', 'book', '--tab', 'pytorch', '--report', 'report.json']
    program = 'import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n'
    program += 'from d2lite.cli import main\nmain()'
    process = subprocess.Popen(
        [sys.executable, '-c', program, *arguments], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not os.path.exists('ran-b'):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.endswith('To go on: the same command with --resume.\n')
    assert len(json.loads((book.parent / 'report.json').read_text())['runs']) == 1

    (book.parent / 'go on').touch()
    code, out, _ = command(*arguments, '--resume')
    assert (code, open('ran-a').read(), open('ran-b').read()) == (0, 'a', 'bb')
    assert [word.strip() for word in rows(out)[1]] == ['.', '2/2', '2/2']
    assert command(*arguments, '--resume')[0] == 0  # there is nothing left to run
    assert (open('ran-a').read(), open('ran-b').read()) == ('a', 'bb')
    (book / 'a.md').write_text((book / 'a.md').read_text() + 'More.\n')
    assert command(*arguments, '--resume')[0] == 0  # the page has changed
    assert (open('ran-a').read(), open('ran-b').read()) == ('aa', 'bb')
    assert command(*arguments)[0] == 0
    assert (open('ran-a').read(), open('ran-b').read()) == ('aaa', 'bbb')


def test_what_is_no_report_is_refused(command, book):
    assert command('run', 'book', '--resume') == (
        2,
        '',
        'd2lite: --resume needs the file that it goes on with: --report FILE\n',
    )
    (book.parent / 'report.json').write_text('[1]')
    code, _, err = command('run', 'book', '--report', 'report.json', '--resume')
    assert code == 2 and 'd2lite: report.json is no report of d2lite run' in err
    (book.parent / 'empty').mkdir()
    code, _, err = command('run', 'empty')
    assert code == 2 and 'd2lite: empty: The folder holds no Markdown files' in err


def test_each_page_has_a_folder_of_its_own(command, book, two_tabs):
    for page in book.rglob('*.md'):
        page.unlink()
    (book / 'img').mkdir()
    (book / 'img/small.txt').write_text('small')
    (book / 'img/large.bin').write_bytes(bytes(2**20 + 1))
    cell = (
        'import os, pathlib\n'
        'assert not os.path.exists("left behind"), "not alone"\n'
        'pathlib.Path("left behind").touch()\n'
        'os.makedirs("../data")\n'
        'small = pathlib.Path("../img/small.txt")\n'
        'small.write_text(small.read_text() * 2)\n'
        'assert os.path.getsize("../img/large.bin") > 2**20\n'
        'assert not os.path.exists("../build")\n'
        'small.read_text()'
    )
    for name in 'one', 'two':
        (book / f'first/{name}.md').parent.mkdir(exist_ok=True)
        (book / f'first/{name}.md').write_text(f'```python\n{cell}\n```\n')
    before = sorted(book.rglob('*'))
    (book / 'build').mkdir()
    code, out, _ = command('run', 'book', '--tab', 'all', '--isolated', '--output', 'book/build')
    assert code == 0
    assert (book / 'img/small.txt').read_text() == 'small'
    assert [path for path in sorted(book.rglob('*')) if 'build' not in path.parts] == before
    notebook = nbformat.read(book / 'build/first/two.jax.ipynb', 4)
    assert notebook.cells[0].outputs[-1].data['text/plain'] == "'smallsmall'"
    (book / 'first/data').mkdir()
    (book / 'first/data/x').touch()
    (book / 'first/own.md').write_text('```python\nopen("data/x"); open("new", "w")\n```\n')
    assert command('run', 'book/first/own.md', '--isolated')[0] == 0
    assert not (book / 'first/new').exists()
    code, _, _ = command('run', 'book', '--tab', 'all', '--output', 'book/build')
    assert code == 1 and (book / 'first/left behind').exists()
