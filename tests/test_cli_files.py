"""`d2lite run` with several pages, several kernels at a time, values set, and files written."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import abacus
import nbformat
import pytest
from contract import BACKENDS, require

from d2lite.pages.new_page import write_page
from d2lite.pages.reading.page import read_page
from d2lite.pages.running.kernel import run_tab

TABS = ['mxnet', 'pytorch', 'tensorflow', 'jax']
FRONT = f'%load_ext d2lite.tab\ntab.interact_select({TABS})'


def write(path, *cells, prose='# Title'):
    fences = (f'```{{.python .input}}\n{cell}\n```\n' for cell in (FRONT, *cells))
    path.write_text(f'{prose}\n\n' + '\n'.join(fences))
    return path.name


TRAIN = '%%tab all\nimport d2lite\nTrainer = d2lite.Trainer\ntrainer = Trainer(max_epochs=3)'


def files(folder):
    """The files in `folder`, without hidden ones."""
    found = (path for path in folder.rglob('[!.]*') if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in found)


def test_every_format_of_every_tab(command, tmp_path):
    svg = 'class Plot:\n    _repr_svg_ = lambda self: "<svg/>"\nPlot()'
    name = write(tmp_path / 'lesson.md', TRAIN, f'%%tab all\n{svg}', '%%tab jax\nprint("of jax")')
    formats = ['--to', 'notebook', '--to', 'html', '--to', 'md']
    code, out, err = command('run', name, '--tab', 'all', *formats, '--output', 'a/b')
    assert (code, err) == (0, '')
    expected = [f'lesson.{tab}.{suffix}' for tab in TABS for suffix in ('ipynb', 'md')]
    pictures = [f'lesson.{tab}_files/cell-3-1.svg' for tab in TABS]
    assert files(tmp_path / 'a/b') == sorted([*expected, *pictures, 'lesson.html'])
    for each in [*expected, 'lesson.html']:
        assert f'Wrote a/b/{each}\n' in out
    notebook = nbformat.read(tmp_path / 'a/b/lesson.jax.ipynb', 4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source == '# Title'
    assert notebook.cells[-1].outputs[0].text == 'of jax\n'
    assert notebook.metadata.d2lite == {'version': '0.1.0', 'tab': 'jax', 'complete': True}
    text = (tmp_path / 'a/b/lesson.pytorch.md').read_text()
    assert '![Output of cell 3](lesson.pytorch_files/cell-3-1.svg)' in text
    assert 'of jax' not in text
    assert (tmp_path / 'a/b' / pictures[0]).read_text() == '<svg/>'
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / 'a/b/lesson.html').stat().st_mode & 0o777 == 0o666 & ~umask


def test_values_are_set_told_and_shown(command, tmp_path):
    name = write(tmp_path / 'lesson.md', TRAIN)
    code, out, _ = command('run', name, '--set', 'max_epochs=1', '--to', 'html')
    assert code == 0
    assert 'Set: max_epochs = 1 instead of 3 in line 12.' in out.splitlines()
    html = (tmp_path / 'build/lesson.html').read_text()
    assert 'Not as written: max_epochs = 1 instead of 3 (line 12 of the page).' in html
    (row,) = (line for line in out.splitlines() if 'pytorch' in line)
    assert '│ 4 ' in row and '4 2' not in row  # the losses of one epoch


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['--set', 'lr=1'], 'd2lite: lesson.md: --set lr: on tab pytorch the page neither'),
        (['--set', 'lr'], 'd2lite: --set takes NAME=VALUE'),
        (['--output', 'lesson.md', '--to', 'md'], 'd2lite: Cannot write to lesson.md: File exists'),
        (['folder/lesson.md', '--to', 'md'], 'd2lite: folder/lesson.md: It would be written to'),
        (['other.md'], 'd2lite: other.md: Cannot read the page'),
    ],
)
def test_what_is_refused_before_anything_runs(command, tmp_path, arguments, message):
    cell = '%%tab all\nopen("ran", "w")'
    (tmp_path / 'folder').mkdir()
    write(tmp_path / 'lesson.md', cell)
    write(tmp_path / 'folder/lesson.md', cell)
    code, out, err = command('run', 'lesson.md', *arguments)
    assert (code, out) == (2, '')
    assert err.startswith(message)
    assert not (tmp_path / 'ran').exists() and not (tmp_path / 'build').exists()


def test_a_tab_that_fails_leaves_the_others_whole(command, tmp_path):
    cell = '%%tab all\nprint("third")\nif tab.selected("tensorflow"):\n    1 / 0'
    name = write(tmp_path / 'lesson.md', '%%tab all\nprint("second")', cell, '%%tab all\n"fourth"')
    code, out, err = command('run', name, '--tab', 'all', '--to', 'notebook', '--to', 'html')
    assert code == 1
    place = 'cell 3 (line 17): ZeroDivisionError: division by zero'
    assert f'd2lite: lesson.md:17: tensorflow failed: {place}\n' in err
    assert out.count('failed: cell 3 (line 17)') == 1 and out.count('passed') == 3
    read = {tab: nbformat.read(tmp_path / f'build/lesson.{tab}.ipynb', 4) for tab in TABS}
    for tab in 'mxnet', 'pytorch', 'jax':
        assert read[tab].metadata.d2lite.complete
        assert read[tab].cells[-1].outputs[0].data['text/plain'] == "'fourth'"
    failed = read['tensorflow']
    assert failed.metadata.d2lite['error'] == place and not failed.metadata.d2lite.complete
    printed, error = failed.cells[-2].outputs
    assert printed.text == 'third\n'
    assert error.ename == 'ZeroDivisionError'
    assert failed.cells[-1].outputs == []
    html = (tmp_path / 'build/lesson.html').read_text()
    assert f'<strong>TensorFlow failed.</strong> {place}' in html
    assert html.count('Not run: the run of this tab ended before.') == 1


def test_what_a_kernel_could_not_tell_is_in_the_outputs(command, tmp_path):
    name = write(
        tmp_path / 'lesson.md', '%%tab all\nimport os\nprint("last", flush=True)\nos._exit(3)'
    )
    assert command('run', name, '--to', 'notebook')[0] == 1
    notebook = nbformat.read(tmp_path / 'build/lesson.pytorch.ipynb', 4)
    assert [output.output_type for output in notebook.cells[-1].outputs][-1] == 'error'
    assert notebook.cells[-1].outputs[-1].evalue == 'the kernel died (exit status 3)'


def test_several_pages_with_one_table_and_an_index(command, tmp_path):
    one = write(tmp_path / 'one.md', '%%tab jax, mxnet\nprint("one")', prose='# First & best')
    two = write(tmp_path / 'two.md', '%%tab all\nprint("two")', prose='no heading')
    code, out, _ = command('run', one, two, '--tab', 'jax', '--to', 'html', '--index')
    assert code == 0
    assert out.count('cells run') == 1
    assert [line.split()[1] for line in out.splitlines() if '.md' in line] == [one, two]
    assert files(tmp_path / 'build') == ['index.html', 'one.html', 'two.html']
    index = (tmp_path / 'build/index.html').read_text()
    assert '<a href="one.html">First &amp; best</a>' in index
    assert '<a href="two.html">two</a>' in index


def test_tabs_that_run_beside_each_other_do_not_mix_their_output(command, tmp_path):
    # Each waits for the other, so that one after the other they would never end.
    wait = (
        '%%tab all\nimport d2lite, pathlib, time\nme = d2lite.backend()\n'
        'for n in range(20):\n'
        '    print(me, n, flush=True)\n'
        '    pathlib.Path(me + str(n)).touch()\n'
        '    while len(list(pathlib.Path(".").glob("*" + str(n)))) < 2: time.sleep(0.01)\n'
        '    time.sleep(0.01)'
    )
    text = wait.replace('"*" + str(n)', '"[jp]*[a-z]" + str(n)')
    name = write(tmp_path / 'lesson.md', text.replace('all', 'jax, pytorch'))
    page = tmp_path / name
    page.write_text(page.read_text().replace(str(TABS), "['jax', 'pytorch']"))
    code, out, err = command('run', name, '--tab', 'all', '--jobs', '2', '--timeout', '30')
    assert (code, err) == (0, '')
    printed = [
        line.split()[0] for line in out.splitlines() if line.startswith(('jax ', 'pytorch '))
    ]
    assert len(printed) == 40
    assert sum(a != b for a, b in zip(printed, printed[1:], strict=False)) == 1


def test_convert(command, tmp_path):
    name = write(tmp_path / 'lesson.md', '%%tab all\nx = tab.selected("jax")', '%%tab mxnet\ny = 2')
    assert command('convert', name, '--tab', 'jax') == (0, 'Wrote lesson.jax.ipynb\n', '')
    notebook = nbformat.read(tmp_path / 'lesson.jax.ipynb', 4)
    assert [cell.source for cell in notebook.cells] == ['# Title', 'x = True']
    code, out, _ = command('convert', name, '-o', 'other.ipynb')
    assert (code, out) == (0, 'Wrote other.ipynb\n')
    assert json.loads((tmp_path / 'other.ipynb').read_text())['nbformat'] == 4
    code, out, err = command('convert', name, '--tab', 'keras')
    assert code == 2 and err.startswith("d2lite: Unknown backend 'keras'")
    code, _, err = command('convert', name, '-o', 'no/where.ipynb')
    assert (code, err) == (2, 'd2lite: Cannot write no/where.ipynb: No such file or directory.\n')


def test_convert_does_not_write_over_what_somebody_has_changed(command, tmp_path):
    name = write(tmp_path / 'lesson.md', '%%tab all\nx = 1')
    assert command('convert', name, '--tab', 'jax')[0] == 0
    path = tmp_path / 'lesson.jax.ipynb'
    written = path.read_text()
    assert command('convert', name, '--tab', 'jax') == (0, 'Wrote lesson.jax.ipynb\n', '')
    path.write_text(written + ' ')
    code, out, err = command('convert', name, '--tab', 'jax')
    assert (code, out) == (2, '')
    assert 'lesson.jax.ipynb is there, and differs' in ' '.join(err.split())
    assert path.read_text() == written + ' '
    assert command('convert', name, '--tab', 'jax', '--force')[0] == 0
    assert path.read_text() == written


def test_new_page_is_a_page_and_never_overwrites(command, tmp_path):
    code, out, _ = command('new-page', 'my-lesson.md', '--tabs', 'jax,torch')
    assert code == 0
    assert out == 'Wrote my-lesson.md. To run it: d2lite run my-lesson.md --tab all\n'
    page = read_page(tmp_path / 'my-lesson.md')
    assert page.tabs == ('jax', 'pytorch')
    assert '\n# My lesson\n' in page.text
    for tab in page.tabs:
        assert len(page.for_tab(tab)) == 4
    before = page.text
    code, _, err = command('new-page', 'my-lesson.md', '--title', 'Other')
    assert (code, err) == (2, 'd2lite: my-lesson.md is there already; choose another name.\n')
    assert (tmp_path / 'my-lesson.md').read_text() == before
    code, _, err = command('new-page', 'other.md', '--tabs', 'keras')
    assert code == 2 and "Unknown backend 'keras'" in err
    assert not (tmp_path / 'other.md').exists()


@pytest.mark.parametrize('backend', BACKENDS)
def test_a_new_page_runs(tmp_path, backend):
    require(backend)
    write_page(tmp_path / 'new.md', tabs=BACKENDS)
    result = run_tab(read_page(tmp_path / 'new.md'), backend)
    assert result.error is None and result.cells_run == 4
    texts = ''.join(o.get('text', '') for node in result.notebook.cells for o in node.outputs)
    assert 'validation loss: 0.0463' in texts


# A page that writes the process of its kernel to a file, and then never ends.
ENDLESS = (
    '%%tab all\nimport d2lite, os, pathlib\nname = d2lite.backend()\nprint(name, "began")\n'
    'pathlib.Path(name + ".new").write_text(str(os.getpid()))\n'
    'pathlib.Path(name + ".new").rename(name + ".pid")\n'
    'while name != "mxnet": pass'
)
COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has none
from d2lite.cli import main
main()
"""


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stopped_run_leaves_no_kernel_and_keeps_what_ran(tmp_path, monkeypatch, number):
    abacus.install(tmp_path / 'world', abacus.MODULES)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path / 'world'), prepend=os.pathsep)
    write(tmp_path / 'lesson.md', ENDLESS, '%%tab all\n1')
    arguments = 'run lesson.md --tab all --jobs 2 --to notebook --to html'.split()
    process = subprocess.Popen(
        [sys.executable, '-c', COMMAND, *arguments], cwd=tmp_path, stdout=-1, stderr=-1, text=True
    )
    # mxnet ends at once; pytorch and tensorflow then run beside each other; jax never begins.
    wanted = [tmp_path / f'{tab}.pid' for tab in ('mxnet', 'pytorch', 'tensorflow')]
    deadline = time.monotonic() + 60
    while not all(path.exists() for path in wanted):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    pids = [int(path.read_text()) for path in wanted]
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    deadline = time.monotonic() + 10
    while any(Path(f'/proc/{pid}').exists() for pid in pids):
        assert time.monotonic() < deadline, 'a kernel is still there'
        time.sleep(0.05)
    written = files(tmp_path / 'build')
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
        assert written == ['lesson.mxnet.ipynb']
    else:
        assert process.returncode == 128 + number
        assert written == [
            'lesson.html',
            *(f'lesson.{tab}.ipynb' for tab in ('mxnet', 'pytorch', 'tensorflow')),
        ]
        assert out.count('Interrupted') == 2 and 'not run' in out
        assert err == ('Interrupted; the kernel is shut down.\n' if number == signal.SIGINT else '')
        notebook = nbformat.read(tmp_path / 'build/lesson.pytorch.ipynb', 4)
        assert not notebook.metadata.d2lite.complete
        printed, error = notebook.cells[-2].outputs
        assert (printed.text, error.ename) == ('pytorch began\n', 'Interrupted')
        html = (tmp_path / 'build/lesson.html').read_text()
        assert 'The run was stopped before all tabs had run.' in html
    assert nbformat.read(tmp_path / 'build/lesson.mxnet.ipynb', 4).metadata.d2lite.complete
