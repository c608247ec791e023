"""What `d2lite run` leaves for programs: JSON, JUnit, exit codes; and what it never writes over."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest
from test_cli import PAGES, page
from test_cli_files import TRAIN, files, write

from d2lite import doctor, selection

MAIN = 'from d2lite.cli import main; main()'
FAILING = PAGES / 'broken/failing.md'


def test_json_is_all_that_stdout_has(command, tmp_path):
    name = write(tmp_path / 'lesson.md', TRAIN, '%%tab all\nprint("out")\nnan = float("nan")')
    options = '--json', '--show', 'nan', '--set', 'max_epochs=1', '--to', 'notebook'
    code, out, err = command('run', name, '--tab', 'jax', *options)
    found = json.loads(out, parse_constant=pytest.fail)  # no NaN, which is no JSON
    assert (code, err) == (0, '')
    assert found['passed'] and found['written'] == ['build/lesson.jax.ipynb']
    (run,) = found['runs']
    assert (run['page'], run['tab'], run['passed'], run['version']) == (name, 'jax', True, '7.0')
    assert [epoch['val_loss'] for epoch in run['history']] == [4]
    assert (run['shown'], run['set']) == ({'nan': None}, {'max_epochs': '1'})


def test_json_of_a_failure(command):
    code, out, err = command('run', FAILING, '--json')
    found = json.loads(out)
    assert code == 1 and not found['passed']
    (run,) = found['runs']
    assert (run['line'], run['cell'], run['ename']) == (16, 3, 'ZeroDivisionError')
    assert err.endswith('failed: cell 3 (line 16): ZeroDivisionError: division by zero\n\n')


def test_quiet_prints_failures_only(command, tmp_path):
    assert command('run', page(tmp_path, 'print("out")'), '--quiet', '--to', 'md') == (0, '', '')
    assert files(tmp_path / 'build') == ['page.pytorch.md']
    code, out, err = command('run', FAILING, '-q')
    assert (code, out) == (1, '') and 'ZeroDivisionError' in err


def test_junit(command, tmp_path):
    bad = '%%tab all\nraise ValueError("\\x1b[31m<red>\\x00")'
    write(tmp_path / 'bad.md', bad)
    write(tmp_path / 'good.md', '%%tab all\n1')
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'folder/wrong.md').write_text('```python\n%%tab pytroch\n```\n')
    code, out, _ = command('run', 'good.md', 'bad.md', 'folder', '--junit', 'ci/out.xml')
    assert code == 1 and 'Wrote ci/out.xml\n' in out
    root = ElementTree.parse(tmp_path / 'ci/out.xml').getroot()
    suites = {
        suite.get('name'): (suite.get('tests'), suite.get('failures'))
        for suite in root.iter('testsuite')
    }
    assert suites == {
        'good.md': ('1', '0'),
        'bad.md': ('1', '1'),
        'folder/wrong.md': ('1', '1'),
    }
    cases = [(each.get('name'), each.find('failure') is None) for each in root.iter('testcase')]
    assert cases == [('pytorch', True), ('pytorch', False), ('reading', False)]
    failure, unread = root.iter('failure')
    assert (failure.get('type'), failure.get('message')) == ('ValueError', 'ValueError: <red>')
    assert failure.text.startswith('bad.md:10: ') and "Unknown tab 'pytroch'" in unread.text
    assert command('run', 'good.md', '--junit', 'ci/out.xml')[0] == 0  # its own file
    (tmp_path / 'mine.xml').write_text('<mine/>')
    code, _, err = command('run', 'good.md', '--junit', 'mine.xml')
    assert code == 2 and err.startswith('d2lite: mine.xml is there, and differs')
    assert (tmp_path / 'mine.xml').read_text() == '<mine/>'


@pytest.mark.parametrize(
    'name, options',
    [
        ('lesson.jax.ipynb', ['--to', 'notebook']),
        ('lesson.jax.md', ['--to', 'md']),
        ('lesson.html', ['--to', 'html']),
        ('index.html', ['--to', 'html', '--index']),
    ],
)
def test_a_run_writes_over_its_own_files_and_no_others(command, tmp_path, name, options):
    lesson = write(tmp_path / 'lesson.md', '%%tab all\nopen("ran", "a").write("x")')
    arguments = 'run', lesson, '--tab', 'jax', *options
    assert command(*arguments)[0] == command(*arguments)[0] == 0
    path = tmp_path / 'build' / name
    path.write_text(path.read_text() + ' ')
    code, out, err = command(*arguments)
    assert (code, out) == (2, '')
    assert err.startswith(
        f'd2lite: build/{name} is there, and differs from what d2lite has written'
    )
    assert (tmp_path / 'ran').read_text() == 'xx'  # nothing has run
    assert command(*arguments, '--force')[0] == command(*arguments)[0] == 0
    other = tmp_path / 'other' / name
    other.parent.mkdir()
    other.write_text('mine')
    assert command(*arguments, '--output', 'other')[0] == 2 and other.read_text() == 'mine'


def test_a_report_does_not_take_the_place_of_another_file(command, tmp_path):
    name = page(tmp_path, '1')
    code, _, err = command('run', name, '--report', name)
    assert code == 2 and f'{name} is no report of d2lite run' in err
    assert (tmp_path / name).read_text().startswith('```python')
    assert command('run', name, '--report', 'r.json')[0] == 0
    assert command('run', name, '--report', 'r.json')[0] == 0


def test_a_cell_that_shall_fail(command, tmp_path):
    text = '```{.python .input .raises-exception}\n1 / 0\n```\n```{.python .input}\n2\n```\n'
    (tmp_path / 'page.md').write_text(text)
    code, out, err = command('run', 'page.md', '--to', 'notebook', '--to', 'html')
    assert (code, err) == (0, '')
    first, second = nbformat.read(tmp_path / 'build/page.pytorch.ipynb', 4).cells
    assert first.metadata.tags == ['raises-exception']
    assert first.outputs[0].ename == 'ZeroDivisionError' and second.outputs
    assert 'ZeroDivisionError' in (tmp_path / 'build/page.html').read_text()
    (tmp_path / 'page.md').write_text(text.replace('1 / 0', '0').replace('{.python', '{.python', 1))
    code, _, err = command('run', 'page.md')
    message = 'cell 1 (line 2): NoException: this cell is marked raises-exception, and raised none'
    assert code == 1 and f'd2lite: page.md:2: pytorch failed: {message}' in err


def test_a_warning_names_the_line_of_the_page(command, tmp_path):
    cells = 'x = 1\nimport warnings\n\ndef f():\n    warnings.warn("mind")', 'y = 2\nf()\n1 / 0'
    name = page(tmp_path, *cells)
    code, _, err = command('run', name)
    assert code == 1
    assert 'page.md:6: UserWarning: mind' in err and 'ipykernel' not in err
    made = "code = 'import warnings; warnings.warn(str(1234))'\n"
    made += 'exec(compile(code, "/tmp/ipykernel_1/2.py", "exec"))'
    assert 'cell:1: UserWarning: 1234' in command('run', page(tmp_path, made))[2]


def test_problems_of_pages_are_told_when_something_is_written(command, tmp_path):
    name = write(
        tmp_path / 'lesson.md', '%%tab all\n1', prose='# T\n\n:numref:`sec_no` ![](no.png)'
    )
    assert command('run', name, '--tab', 'jax')[2] == ''
    assert command('run', name, '--tab', 'jax', '--to', 'html')[2].splitlines() == [
        'd2lite: lesson.md:3: No page of this run has the label sec_no; words stand in place of a '
        'link.',
        'd2lite: lesson.md:3: There is no picture no.png beside the page.',
    ]


def test_pages_lead_to_each_other_and_take_their_pictures_along(command, tmp_path):
    (tmp_path / 'p.svg').write_text('<svg/>')
    write(tmp_path / 'one.md', '%%tab all\n1', prose='# One\n\n![](p.svg) [](two.md)')
    write(tmp_path / 'two.md', '%%tab all\n1', prose='# Two\n:label:`sec_two`')
    formats = ['--to', 'html', '--to', 'notebook', '--to', 'md', '--index']
    code, _, err = command('run', 'one.md', 'two.md', '--tab', 'jax', *formats)
    assert (code, err) == (0, '')
    build = tmp_path / 'build'
    assert 'one.jax_files/p.svg' in files(build)
    html = (build / 'one.html').read_text()
    assert '<a href="two.html"' in html and 'rel="next" href="two.html"' in html
    assert '<a class="home" href="index.html">' in html and 'data:image/svg+xml' in html
    cell = nbformat.read(build / 'one.jax.ipynb', 4).cells[0].source
    assert cell == '# One\n\n![](one.jax_files/p.svg) [Two](two.jax.ipynb)'
    assert '![](one.jax_files/p.svg) [Two](two.jax.md)' in (build / 'one.jax.md').read_text()


def test_pages_without_cells_are_pages_of_the_site(command, tmp_path):
    (tmp_path / 'book').mkdir()
    write(tmp_path / 'book/one.md', '%%tab all\n1', prose='# One\n:label:`sec_one`')
    index = '# My book\n\n:numref:`sec_one`\n\n:begin_tab:`jax`\nOf JAX.\n:end_tab:\n'
    (tmp_path / 'book/index.md').write_text(index)
    run = 'run', 'book', '--tab', 'jax', '--to', 'html', '--index'
    assert command(*run)[0] == 0
    assert files(tmp_path / 'build') == ['index.html', 'one.html']
    html = (tmp_path / 'build/index.html').read_text()
    assert '<a href="one.html#sec_one"' in html and 'Of JAX.' in html
    assert '>What ran<' not in html and '>What ran<' in (tmp_path / 'build/one.html').read_text()
    assert command('run', 'book', '--tab', 'jax', '--output', 'other')[0] == 0
    assert files(tmp_path / 'other') == ['one.jax.ipynb']
    assert command('run', 'book/index.md')[0] == 2


def test_doctor_prints_json(command, monkeypatch):
    states = {
        'jax': doctor.Diagnosis('1.0', ['cpu'], ''),
        'mxnet': doctor.Diagnosis('', [], 'not installed: mxnet'),
    }
    monkeypatch.setattr(selection, 'registered_backends', lambda: dict.fromkeys(states, ''))
    monkeypatch.setattr(doctor, 'diagnose', states.get)
    code, out, _ = command('doctor', '--json')
    found = json.loads(out)
    assert code == 0 and found['backends']['jax']['works']
    assert found['backends']['mxnet']['problem'] == 'not installed: mxnet'
    assert found['backends']['mxnet']['install'] == selection.install_line('mxnet')
    del states['jax']
    assert command('doctor', '--json')[0] == 1


def test_the_shell_completes_commands_and_tabs():
    def completed(words):
        env = os.environ | {'_D2LITE_COMPLETE': 'complete_bash', 'COMP_WORDS': f'd2lite {words}'}
        env |= {'COMP_CWORD': str(len(words.split(' ')))}
        program = [sys.executable, '-c', 'import sys; sys.argv[0] = "d2lite"; ' + MAIN]
        return subprocess.check_output(program, env=env, text=True).split()

    assert completed('le') == ['lessons']
    assert completed('run --tab py') == ['pytorch']


def test_make_help_lists_every_target():
    root = Path(__file__).parent.parent
    makefile = (root / 'Makefile').read_text()
    (phony,) = (line for line in makefile.splitlines() if line.startswith('.PHONY:'))
    out = subprocess.check_output(['make', '-s', 'help'], text=True, cwd=root)
    listed = {line.split()[1] for line in out.splitlines() if line.startswith('make ')}
    assert listed == set(phony.split()[1:])
