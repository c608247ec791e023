"""A page with names of earlier releases: run with --compat, without it, and converted."""

from pathlib import Path

import pytest
from contract import BACKENDS, require

from d2lite.pages.export.html import page_html
from d2lite.pages.reading.page import parse_page, read_page
from d2lite.pages.rewriting.plain_notebook import to_plain_notebook
from d2lite.pages.running.kernel import execute, wait_for
from d2lite.pages.running.result import TabResult

PAGE = Path(__file__).parent / 'outdated.md'
OWN = {
    'mxnet': 'numpy.float is gone since NumPy 1.24; today: float',
    'pytorch': 'torch.optim.lr_scheduler.StepLR(verbose=) is gone since PyTorch 2.7',
    'tensorflow': 'Keras 2 is gone since TensorFlow 2.16',
    'jax': 'jax.tree_map is gone since JAX 0.6.0; today: jax.tree.map',
}
OLD = 'import numpy as np\nprint(np.Inf, int(np.array([3])))'


@pytest.mark.parametrize('backend', [name for name in BACKENDS if name in OWN])
def test_with_compat_it_runs_and_what_it_used_is_reported(backend, monkeypatch):
    require(backend)
    monkeypatch.delenv('TF_USE_LEGACY_KERAS', raising=False)
    result = TabResult.of(read_page(PAGE), backend)
    result.compat = True
    wait_for(execute(result, timeout=300))
    assert result.error is None
    assert result.values['show'] == {}
    sentences = '\n'.join(result.lent)
    assert OWN[backend] in sentences
    assert 'numpy.Inf is gone since NumPy 2.0; today: numpy.inf' in sentences
    assert 'pandas' not in sentences  # the page has not used it
    assert 'Lent to the page: numpy.Inf is gone since NumPy 2.0' in page_html([result])


def test_command(command, tmp_path):
    (tmp_path / 'page.md').write_text(f'```python\n{OLD}\n```\n')
    code, out, err = command('run', 'page.md')
    assert code == 1
    hint = 'numpy.Inf is gone since NumPy 2.0; today: numpy.inf, or run the page with --compat'
    assert f'd2lite: {hint}\n' in err
    code, out, err = command('run', 'page.md', '--compat')
    assert (code, err) == (0, '')
    assert 'inf 3\n' in out
    assert 'Lent on pytorch: numpy.Inf is gone since NumPy 2.0; today: numpy.inf.\n' in out
    assert 'Lent on pytorch: int() or float() of an array with one element' in out


@pytest.mark.parametrize(
    'imports, old, new',
    [
        ('import numpy as np', 'np.Inf', 'np.inf'),
        ('import numpy as np', 'a = [np.int(1), 2]', 'a = [int(1), 2]'),
        (
            'import jax',
            'jax.tree_map(f, jax.tree_leaves(x))',
            'jax.tree.map(f, jax.tree.leaves(x))',
        ),
        ('from jax import numpy as jnp', 'jnp.trapz(y)', 'jnp.trapezoid(y)'),
        ('from jax import random', 'random.KeyArray', 'import jax\njax.Array'),
        ('', 'from jax.random import KeyArray', 'from jax import Array as KeyArray'),
        (
            '',
            'from jax.random import split, KeyArray as K; a = 1',
            'from jax.random import split; from jax import Array as K; a = 1',
        ),
        ('', 'from jax.config import config', 'from jax import config'),
        ('', 'from jax.experimental import stax', 'from jax.example_libraries import stax'),
        ('', 'import gym\ngym.make(a)', 'import gymnasium as gym\ngym.make(a)'),
        ('', 'import gym as g, sys', 'import gymnasium as g, sys'),
        (
            'from matplotlib import pyplot as plt',
            'plt.stem(x, use_line_collection=True)\nplt.grid(b=True)',
            'plt.stem(x)\nplt.grid(visible=True)',
        ),
        ('from mine import np', 'np.Inf', 'np.Inf'),
        ('import numpy', '%time numpy.NaN\nnumpy.NaN', '%time numpy.NaN\nnumpy.nan'),
    ],
)
def test_convert_writes_the_new_name(imports, old, new):
    cells = ''.join(f'```python\n{cell}\n```\n' for cell in (imports, old) if cell)
    notebook = to_plain_notebook(parse_page(cells, Path('page.md')), 'jax')
    assert notebook.cells[-1].source == new
