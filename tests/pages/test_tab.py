"""`%%tab` and `tab` in a kernel: what runs, what is said, and what is remembered."""

import json
import os
import traceback

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import d2lite
from d2lite import selection
from d2lite.pages.jupyter import choice as choices
from d2lite.pages.jupyter import tab as tabs
from d2lite.pages.jupyter import widget

NOTEBOOK = '/home/somebody/lesson.ipynb'


class Notebook:
    """A notebook whose kernel can be restarted."""

    def __init__(self, monkeypatch, capsys):
        self.monkeypatch, self.capsys = monkeypatch, capsys
        self.restart()

    def restart(self, **environment):
        for name, value in {'D2LITE_BACKEND': '', **environment}.items():
            self.monkeypatch.setenv(name, value)
        self.monkeypatch.setattr(choices, '_current', choices.Choice())
        self.monkeypatch.setattr(choices, '_variable_at_start', os.environ['D2LITE_BACKEND'])
        self.monkeypatch.setattr(widget, '_selector', None)
        self.monkeypatch.setattr(selection, '_selected', None)
        self.monkeypatch.setattr(selection, 'missing_modules', lambda name: [])
        self.shell = InteractiveShell(config=Config({'HistoryManager': {'enabled': False}}))
        self.run('%load_ext d2lite.tab')

    def run(self, cell):
        """The output of the cell; `result` has its outcome."""
        self.capsys.readouterr()
        self.result = self.shell.run_cell(cell)
        captured = self.capsys.readouterr()
        self.err = captured.err
        return captured.out


@pytest.fixture
def notebook(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv('JUPYTER_DATA_DIR', str(tmp_path / 'jupyter'))
    monkeypatch.setenv('JPY_SESSION_NAME', NOTEBOOK)
    return Notebook(monkeypatch, capsys)


def test_the_first_cell_without_widgets(notebook):
    text = 'tab pytorch, of mxnet, pytorch; to change: tab.select(...)\n'
    assert notebook.run("tab.interact_select(['mxnet', 'torch'])") == text
    assert notebook.run("tab.interact_select('mxnet', 'pytorch')") == text
    assert notebook.run('print(tab)') == '<tab pytorch>\n'


def test_starts_from_the_variable_if_the_page_has_that_tab(notebook):
    notebook.restart(D2LITE_BACKEND='tf')
    notebook.run("tab.interact_select('mxnet', 'tensorflow')")
    assert tabs.current() == 'tensorflow'
    notebook.restart(D2LITE_BACKEND='tf')
    notebook.run("tab.interact_select('mxnet', 'jax')")
    assert tabs.current() == 'mxnet'


def test_cells_run_on_their_tabs_and_say_so_on_others(notebook):
    notebook.run("tab.interact_select('pytorch', 'jax')")
    for mark in '%%tab', '#@tab', '\n\n# @tab', '%%tab  jax,':
        assert notebook.run(f'{mark} torch\nprint(1)') == '1\n'
        assert notebook.run(f'{mark} all  \nprint(1)') == '1\n'
    skipped = 'skipped: for jax, mxnet; this is pytorch\n'
    assert notebook.run('%%tab jax, mxnet\nthis is no Python (') == skipped
    assert notebook.result.success
    assert notebook.run('#@tab jax mxnet\nprint(1)') == skipped
    assert notebook.run('%%tab torch') == ''
    assert (
        notebook.run('print(tab.selected("jax"), tab.selected(["torch", "jax"]))') == 'False True\n'
    )


def test_a_tab_without_a_backend_is_said_once(notebook):
    said = 'paddle is left out: d2lite has no backend of this name.\n'
    text = 'tab pytorch, of mxnet, pytorch; to change: tab.select(...)\n'
    assert notebook.run("tab.interact_select(['mxnet', 'torch', 'paddle'])") == said + text
    assert notebook.run('%%tab paddle\nprint(1)') == 'skipped: for paddle; this is pytorch\n'
    assert notebook.run('%%tab paddle, torch\nprint(1)') == '1\n'
    assert notebook.run('print(tab.selected("paddle"))') == 'False\n'


def test_wrong_marks_are_one_line(notebook):
    known = ', '.join([*selection.registered_backends(), 'all'])
    for cell, line in {
        '%%tab\n1': f'%%tab names no tab; the tabs are {known}.',
        '#@tab ,\n1': f'#@tab names no tab; the tabs are {known}.',
        '%%tab torch, mxent\n1': "Unknown tab 'mxent'; the tabs are pytorch, jax,",
    }.items():
        assert notebook.run(cell) == ''
        assert notebook.err.startswith(f'UsageError: {line}') and notebook.err.count('\n') == 1
        assert not notebook.result.success
    assert notebook.run('%%table\n1') == ''
    assert '%%table' in notebook.err  # somebody else's magic


@pytest.mark.parametrize(
    'start', ['%%tab all\n', '%%tab torch  \n\n', '#@tab all\n', '%%tab all\n  ']
)
def test_tracebacks_count_the_lines_of_the_cell(notebook, start):
    indent = start.rpartition('\n')[2]
    cell = f'{start}x = 1\n{indent}1 / 0'
    notebook.run(cell)
    frames = traceback.extract_tb(notebook.result.error_in_exec.__traceback__)
    assert frames[-1].lineno == len(cell.split('\n'))


def test_magics_of_the_whole_cell_may_follow(notebook):
    assert notebook.run('%%tab torch\n%%capture out\nprint(1)') == ''
    assert notebook.run('print(out.stdout)') == '1\n\n'


def test_selecting_by_call(notebook):
    notebook.run("tab.interact_select('pytorch', 'jax')")
    assert notebook.run("tab.select('jax'); print(tab.selected('jax'))") == 'True\n'
    notebook.run("tab.select('mxnet')")
    assert "The page has no tab 'mxnet'; it has pytorch, jax." in str(notebook.result.error_in_exec)
    assert tabs.current() == 'jax'


def test_another_tab_that_ran_before_is_told_once_per_switch(notebook):
    notebook.run("tab.interact_select('pytorch', 'jax')")
    assert notebook.run('%%tab all\n') == notebook.err == ''
    notebook.run("tab.select('jax')")
    warning = (
        'Cells of pytorch already ran in this kernel: restart it (Kernel → Restart Kernel) before '
        'you run those of jax.\n'
    )
    assert notebook.err == warning
    assert notebook.run('%%tab pytorch\n') and notebook.err == ''  # a skipped cell is no danger
    assert notebook.run('%%tab jax\nprint(1)') == '1\n' and notebook.err == warning
    assert notebook.run('%%tab jax\nprint(1)') == '1\n' and notebook.err == ''
    notebook.run("tab.select('pytorch')")
    notebook.run('%%tab all\n')
    assert notebook.err.startswith('Cells of jax already ran')
    notebook.restart()
    notebook.run("tab.interact_select('pytorch', 'jax')\ntab.select('jax')")
    notebook.run('%%tab jax\n')
    assert notebook.err == ''


def test_a_missing_framework_is_told(notebook, monkeypatch):
    monkeypatch.setattr(selection, 'missing_modules', lambda n: ['flax'] if n == 'jax' else [])
    notebook.run("tab.interact_select('jax', 'mxnet')")
    assert tabs.current() == 'mxnet'
    notebook.run("tab.select('jax')")
    assert notebook.err.startswith('jax needs flax, not installed here. Install with: pip install')


def test_d2lite_follows_until_it_is_used(notebook, monkeypatch):
    notebook.run("tab.interact_select('pytorch', 'jax')\ntab.select('jax')")
    assert d2lite.backend() == 'jax'
    notebook.run("tab.select('pytorch')")
    assert notebook.err.startswith('Cells of jax already ran in this kernel')
    assert d2lite.backend() == 'jax'
    notebook.run('%reload_ext d2lite.tab')
    assert tabs.current() == 'pytorch'


def test_a_choice_is_remembered_for_this_notebook(notebook, tmp_path):
    notebook.run("tab.interact_select('pytorch', 'jax')")
    assert not (tmp_path / 'jupyter').exists()  # nothing was chosen
    notebook.run("tab.select('jax')")
    (file,) = (tmp_path / 'jupyter/d2lite').iterdir()
    assert json.loads(file.read_text()) == {'tab': 'jax', 'variable': ''}

    def tab_after(offered, **environment):
        notebook.restart(**environment)
        notebook.run(f'tab.interact_select({offered})')
        return tabs.current()

    assert tab_after("'pytorch', 'jax'") == 'jax'
    assert tab_after("'pytorch', 'mxnet'") == 'pytorch'
    assert tab_after("'pytorch', 'jax'", D2LITE_BACKEND='torch') == 'pytorch'  # the later word
    assert tab_after("'pytorch', 'jax'", JPY_SESSION_NAME='/another.ipynb') == 'pytorch'
    notebook.run("tab.select('jax')")
    assert tab_after("'pytorch', 'jax'", JPY_SESSION_NAME='') == 'pytorch'
    notebook.run("tab.select('jax')")
    assert len(list(file.parent.iterdir())) == 2
    file.write_text('{damaged')
    assert tab_after("'pytorch', 'jax'", JPY_SESSION_NAME=NOTEBOOK) == 'pytorch'
    file.unlink()
    file.mkdir()  # cannot be written
    notebook.run("tab.select('jax')")
    assert notebook.result.success and tabs.current() == 'jax'


def test_a_fixed_tab_stays(notebook):
    tabs.select('torch')
    assert notebook.run("tab.interact_select('mxnet', 'pytorch')") == ''
    notebook.run("tab.select('mxnet')")
    assert tabs.current() == 'pytorch'


def test_buttons(notebook, monkeypatch):
    pytest.importorskip('ipywidgets')
    choice = choices.current_choice()
    choice.start(['pytorch', 'jax'])
    selector = widget.Selector(choice)
    monkeypatch.setattr(widget, '_selector', selector)
    assert (selector.buttons.options, selector.buttons.value) == (('pytorch', 'jax'), 'pytorch')
    notebook.run('%%tab all\n')
    assert selector.note.value == ''
    selector.buttons.value = 'jax'
    assert tabs.current() == 'jax'
    assert '>Cells of pytorch already ran in this kernel' in selector.note.value
    tabs.Tab().select('pytorch')
    assert (selector.buttons.value, selector.note.value) == ('pytorch', '')


def test_loading_again_and_unloading(notebook):
    before = len(notebook.shell.input_transformers_cleanup)
    callbacks = len(notebook.shell.events.callbacks['pre_run_cell'])
    tabs.load_ipython_extension(notebook.shell)
    assert len(notebook.shell.input_transformers_cleanup) == before
    assert len(notebook.shell.events.callbacks['pre_run_cell']) == callbacks
    notebook.run('%unload_ext d2lite.tab')
    assert len(notebook.shell.input_transformers_cleanup) == before - 1
    assert len(notebook.shell.events.callbacks['pre_run_cell']) == callbacks - 1
