"""A tab whose cells are written for another backend of the framework: JAX with Flax NNX."""

import pytest
from contract import require

from d2lite.pages.reading.page import parse_page, read_page
from d2lite.pages.reading.style import backend_of
from d2lite.pages.rewriting.plain_notebook import to_plain_notebook
from d2lite.pages.running.kernel import run_tab

PAGE = """```{{.python .input}}
%load_ext d2lbook.tab
tab.interact_select({tabs})
```

```{{.python .input}}
%%tab jax
from d2l import jax as d2l
{first}
```

```{{.python .input}}
%%tab pytorch
from d2l import torch as d2l
nnx = 1
nnx.Linear
```

```{{.python .input}}
%%tab all
name = d2l.Module.backend
```
"""


def page_of(first, tabs="'jax', 'pytorch'"):
    return PAGE.format(first=first, tabs=tabs)


@pytest.mark.parametrize(
    'first, backend',
    [
        ('from flax import nnx', 'nnx'),
        ('from flax import linen as nn, nnx', 'nnx'),
        ('import flax.nnx as nnx', 'nnx'),
        ('layer = nnx.Linear(2, 1, rngs=nnx.Rngs(0))', 'nnx'),
        ('from flax import linen as nn', 'jax'),
        ("text = 'nnx.Linear'", 'jax'),
        ('# as nnx does it', 'jax'),
    ],
)
def test_the_cells_of_the_tab_decide(first, backend):
    page = parse_page(page_of(first))
    assert backend_of(page, 'jax') == backend
    assert backend_of(page, 'pytorch') == 'pytorch'


def test_a_page_with_a_tab_of_its_own_for_nnx_has_linen_under_jax():
    page = parse_page(page_of('from flax import nnx', "'jax', 'pytorch', 'nnx'"))
    assert backend_of(page, 'jax') == 'jax' and backend_of(page, 'nnx') == 'nnx'


def test_a_plain_notebook_has_the_face_of_the_backend():
    cells = to_plain_notebook(parse_page(page_of('from flax import nnx')), 'jax').cells
    assert cells[0].source == 'from d2lite import nnx as d2l\nfrom flax import nnx'
    cells = to_plain_notebook(parse_page(page_of('from flax import linen')), 'jax').cells
    assert cells[0].source == 'from d2lite import jax as d2l\nfrom flax import linen'


def test_the_tab_runs_on_that_backend(tmp_path):
    require('nnx')
    path = tmp_path / 'page.md'
    path.write_text(page_of("from flax import nnx\nassert tab.selected('jax')"))
    result = run_tab(read_page(path), 'jax', show=['name'])
    assert result.error is None and result.tab == 'jax'
    assert result.values['show'] == {'name': 'nnx'} and result.values['framework'] == 'nnx'
