"""Pages run in a kernel of this interpreter, with the tab's backend as `d2l`."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from contract import BACKENDS, require

from d2lite import BackendError, selection
from d2lite.pages.jupyter import tab as tabs
from d2lite.pages.jupyter.choice import current_choice
from d2lite.pages.reading.page import PageError, parse_page, read_page
from d2lite.pages.running.kernel import run_tab

PAGES = Path(__file__).parent
LESSON = Path(__file__).parent.parent.parent / 'notebooks/linear-regression-scratch.md'


def test_prints_what_cells_print(run):
    result = run(
        'import sys\nprint("to stdout")\nprint("to stderr", file=sys.stderr)\n6 * 7',
        '6 * 8;',
        'import subprocess, time\nsubprocess.run(["echo", "from a child"])\ntime.sleep(0.5)',
        'class Picture:\n    _repr_svg_ = lambda self: "<svg/>"\nPicture()',
    )
    assert result.error is None
    assert result.printed == {
        'stdout': 'to stdout\n42\nfrom a child\n',
        'stderr': 'to stderr\n',
    }
    assert (result.cells_run, result.cells_total) == (4, 4)
    picture = result.notebook.cells[3].outputs[0]
    assert picture.data['image/svg+xml'] == '<svg/>'
    assert [cell.metadata['d2lite']['position'] for cell in result.notebook.cells] == [1, 2, 3, 4]


def test_output_comes_while_the_cell_runs(world, tmp_path):
    # The cell ends only if its output has come before.
    cell = (
        'import pathlib, time\nprint("early", flush=True)\n'
        'while not pathlib.Path("seen").exists(): time.sleep(0.01)'
    )
    page = parse_page(f'```python\n{cell}\n```\n', tmp_path / 'p.md')
    seen = tmp_path / 'seen'
    assert run_tab(page, 'pytorch', timeout=60, on_output=lambda *_: seen.touch()).error is None


def test_runs_in_the_folder_of_the_page_with_the_tab_as_backend(run, tmp_path, monkeypatch):
    monkeypatch.setenv('D2LITE_BACKEND', 'jax')
    monkeypatch.setenv('MPLBACKEND', 'module://some_backend')
    result = run(
        'import json, os, sys, d2lite\n'
        'facts = [os.getcwd(), sys.executable, d2lite.backend(), os.environ["MPLBACKEND"]]\n'
        'json.dump(facts, open("facts", "w"))',
        tab='torch',
    )
    assert result.tab == 'pytorch'
    facts = json.loads((tmp_path / 'facts').read_text())
    assert facts == [str(tmp_path.resolve()), sys.executable, 'pytorch', 'module://some_backend']


def test_cells_of_the_tab_and_no_others(run, world):
    result = run(read_page(PAGES / 'tabbed.md'))
    assert result.error is None
    assert result.printed['stdout'] == "'the others'\nolder form\nolder form for all\n"
    assert result.cells_total == 5


def test_failing_cell_is_told_with_its_place(run):
    result = run(read_page(PAGES / 'broken/failing.md'))
    assert result.printed['stdout'] == '0.5\n'
    assert (result.cells_run, result.cells_total) == (2, 4)
    error = result.error
    assert (error.cell.position, error.cell.line, error.line) == (3, 11, 16)
    assert (error.ename, error.evalue) == ('ZeroDivisionError', 'division by zero')
    assert str(error) == 'cell 3 (line 16): ZeroDivisionError: division by zero'
    assert error.traceback.startswith('Traceback (most recent call last):\n')
    assert 'divide = lambda a, b: a / b' in error.traceback
    assert '\x1b' not in error.traceback
    assert result.values['version'] == '7.0'  # the kernel is still there to ask


def test_line_of_a_syntax_error(run):
    result = run('x = 1', 'x = 2\nx = = 3')
    assert (result.error.cell.position, result.error.line) == (2, 6)
    assert result.error.ename == 'SyntaxError'


def test_what_is_printed_in_pieces_is_one_output(run):
    result = run(
        'import sys, time\n'
        'for n in range(3): print(n, flush=True); time.sleep(0.1)\n'
        'print("!", file=sys.stderr, flush=True); time.sleep(0.1)\n'
        'print(3, flush=True)\n'
        '1 / 0'
    )
    outputs = [output.get('text') for output in result.notebook.cells[0].outputs]
    assert outputs == ['0\n1\n2\n3\n', '!\n', None]


def test_runs_where_an_event_loop_runs_already(run):
    """A notebook has an event loop, which runs its cells."""

    async def cell():
        return run('print("ran")')

    assert asyncio.run(cell()).printed['stdout'] == 'ran\n'


FOREIGN = "MARK = 'the package of somebody else'\n"


def test_book_names_are_d2lite_in_the_kernel_only(run, world):
    for name in 'd2l/__init__.py', 'd2l/torch.py', 'd2lbook/__init__.py', 'd2lbook/tab.py':
        (world / name).parent.mkdir(exist_ok=True)
        (world / name).write_text(FOREIGN)
    result = run(
        'import sys, d2lite\n'
        'import d2l\n'
        'import d2l.torch, d2l.selection\n'
        'from d2l import torch\n'
        'assert d2l is d2lite\n'
        'assert torch is d2l.torch is sys.modules["d2lite.torch"]\n'
        'assert d2l.selection is d2lite.selection is sys.modules["d2lite.selection"]\n'
        'assert torch.__name__ == torch.__spec__.name == "d2lite.torch"',
        'import d2lite.pages.jupyter.tab, d2lbook.tab\n'
        'assert d2lbook.tab is d2lite.pages.jupyter.tab\n'
        'd2lite.install_as_d2l()\n'
        'assert sum(type(f).__name__ == "_Submodules" for f in sys.meta_path) == 1',
        'try:\n    import d2l.no_such\nexcept ModuleNotFoundError as error:\n    print(error)',
    )
    assert result.error is None
    assert result.printed['stdout'] == "No module named 'd2l.no_such'\n"
    outside = [sys.executable, '-c', 'import d2l.torch, d2lbook.tab; print(d2l.torch.MARK)']
    assert subprocess.check_output(outside, text=True) == 'the package of somebody else\n'
    assert (world / 'd2l/torch.py').read_text() == FOREIGN


def test_d2l_imported_before_is_replaced(world):
    for name in 'd2l/__init__.py', 'd2l/torch.py':
        (world / name).parent.mkdir(exist_ok=True)
        (world / name).write_text(FOREIGN)
    code = """
import d2l.torch, d2lite
d2lite.install_as_d2l()
from d2l.torch import __name__
print(__name__)
"""
    out = subprocess.check_output([sys.executable, '-c', code], text=True)
    assert out.splitlines()[-1] == 'd2lite.torch'


def test_tab_object(run):
    result = run(
        '%load_ext d2lite.tab\n'
        'import os\nos.environ["D2LITE_BACKEND"] = "jax"\n'  # the kernel's tab holds
        'tab.interact_select(["mxnet", "pytorch"])\n'
        'tab.interact_select("mxnet", "torch")\n'
        'print(tab.selected("pytorch"), tab.selected("mxnet", "torch"), tab.selected("jax", "tf"))',
    )
    assert result.error is None
    assert result.printed['stdout'] == 'True True False\n'


def test_tab_object_checks_names(monkeypatch):
    monkeypatch.setattr(current_choice(), 'fixed', 'pytorch')
    tab = tabs.Tab()
    with pytest.raises(BackendError, match="Unknown tab 'torhc'"):
        tab.selected('pytorch', 'torhc')
    with pytest.raises(BackendError, match="Unknown tab 'mxent'"):
        tab.interact_select(['pytorch', 'mxent'])
    assert not tab.selected('paddle')
    with pytest.raises(ValueError, match='interact_select needs tabs; they are pytorch'):
        tab.interact_select('paddle')
    with pytest.raises(ValueError, match='interact_select needs tabs; they are pytorch'):
        tab.interact_select()


def test_magic_of_a_cell_that_still_bears_one(run):
    result = run(
        '%load_ext d2lite.tab\n%reload_ext d2lite.tab',
        'shell = get_ipython()\n'
        'shell.run_cell("%%tab jax\\nprint(1)")\n'
        'shell.run_cell("\\n%%tab pytorch, jax\\nprint(2)")\n'
        'shell.run_cell("%%tab all\\nprint(3)")\n'
        'print(shell.run_cell("%%tab pytroch\\nprint(4)").success)',
    )
    assert result.error is None
    assert result.printed['stdout'] == 'skipped: for jax; this is pytorch\n2\n3\nFalse\n'


def test_summary_values(run):
    result = run(
        'import numpy as np\nfrom d2lite_torch import Tensor, Trainer',
        'number, word, nothing = np.float32(0.5), "word", None\n'
        'array, tensor = np.eye(2), Tensor([1, 2])\n'
        'large, thing = np.zeros(101), [1, Tensor([2.5]), {3}]',
        'trainer = Trainer(3)\nlater = Trainer(1)',
        'class Loud:\n    def __repr__(self):\n        print("noise")\n        return "loud"',
        'loud = Loud()',
        show='number word nothing missing array tensor large thing loud'.split(),
    )
    assert result.printed == {'stdout': '', 'stderr': ''}
    assert result.values == {
        'framework': 'pytorch',
        'version': '7.0',
        'devices': ['abacus:0', 'abacus:1'],
        'device': 'abacus:0',
        'history': [
            {'epoch': 1, 'train_loss': 8.0, 'seconds': 0.0, 'val_loss': 4.0},
            {'epoch': 2, 'train_loss': 4.0, 'seconds': 0.0, 'val_loss': 2.0},
            {'epoch': 3, 'train_loss': 2.0, 'seconds': 0.0, 'val_loss': 1.0},
        ],
        'show': {
            'number': 0.5,
            'word': 'word',
            'nothing': None,
            'missing': None,
            'array': [[1, 0], [0, 1]],
            'tensor': [1, 2],
            'large': 'array of shape (101,)',
            'thing': [1, [2.5], '{3}'],
            'loud': 'loud',
        },
        'notes': [],
        'lent': [],
    }


def test_trainer_by_any_name_the_last_one(run):
    result = run('from d2lite_torch import Trainer', 'one = Trainer(1)\nother = Trainer(2)')
    assert len(result.values['history']) == 2


def test_page_without_a_trainer_has_no_history(run):
    assert 'history' not in run('1').values


def test_summary_that_fails_is_told_and_fails_nothing(run, world):
    (world / 'd2lite_torch/framework.py').write_text('NAME = "pytorch"')
    result = run('class Bad:\n    __repr__ = None\nbad = Bad()', show=['bad'])
    assert result.error is None
    notes = '\n'.join(result.values['notes'])
    assert re.search("no framework in the summary: .*no attribute 'version'", notes)
    assert 'no show in the summary: TypeError' in notes


def test_kernel_that_ends_itself_after_the_last_cell(run):
    result = run(
        'import os\nend = lambda: os._exit(0)', 'get_ipython().events.register("pre_execute", end)'
    )
    assert result.error is None
    assert 'no summary of this tab: KernelDied' in result.values['notes'][0]


def test_tab_that_the_page_does_not_have(run):
    with pytest.raises(PageError, match='has no tab'):
        run(read_page(PAGES / 'tabbed.md'), tab='tensorflow')


BOOK = """
```{.python .input}
%load_ext d2lbook.tab
tab.interact_select('mxnet', 'pytorch')
```
```{.python .input}
%%tab mxnet
%matplotlib inline
import d2l
from mxnet import autograd, np, npx
npx.set_np()
x = np.ones(3)
```
```{.python .input}
%%tab pytorch
%matplotlib inline
from d2l import torch as d2l
import torch
x = torch.ones(3)
```
```{.python .input}
%%tab all
class Point(d2l.HyperParameters):
    def __init__(self, x):
        self.save_hyperparameters()

@d2l.add_to_class(Point)
def double(self):
    return 2 * self.x

if tab.selected('mxnet', 'jax'):
    assert d2l.backend() == 'mxnet'
doubled = Point(x).double()
d2l.set_figsize((3.5, 2.5))
d2l.plt.plot([1, 2], d2l.numpy(doubled)[:2]);
```
"""


@pytest.mark.parametrize('backend', ['mxnet', 'pytorch'])
def test_imports_as_the_book_writes_them(tmp_path, backend):
    require(backend)
    result = run_tab(parse_page(BOOK, tmp_path / 'book.md'), backend, show=['doubled'])
    assert result.error is None
    assert result.values['show'] == {'doubled': [2, 2, 2]}
    kinds = [set(output.data) for output in result.notebook.cells[-1].outputs]
    assert any({'image/svg+xml', 'image/png'} & kind for kind in kinds)


@pytest.mark.parametrize('backend', BACKENDS)
def test_lesson(backend):
    """The end of the lesson reports that all tabs agree."""
    require(backend)
    result = run_tab(read_page(LESSON), backend, show=['w_error', 'b_error'])
    assert result.error is None
    losses = [row['val_loss'] for row in result.values['history']]
    assert losses == pytest.approx([2.3129, 0.32594, 0.047944], rel=1e-3)
    assert result.values['show']['w_error'] == pytest.approx([0.09868, -0.21435], rel=1e-3)
    assert result.values['show']['b_error'] == pytest.approx(0.20859, rel=1e-3)


@pytest.mark.parametrize('backend', selection.PREFERENCE)
def test_page_in_chinese_with_a_fifth_tab_and_d2l_from_the_start(backend):
    require(backend)
    result = run_tab(read_page(PAGES / 'chinese.md'), backend, show=['总和'])
    assert result.error is None
    assert result.values['show'] == {'总和': 6}
    assert result.cells_total == (3 if backend == 'jax' else 2)


def test_a_slip_in_a_tab_is_no_tab_of_its_own():
    with pytest.raises(PageError, match=r'slip.md:9: Unknown tab .* Did you mean .pytorch'):
        read_page(PAGES / 'broken/slip.md')
