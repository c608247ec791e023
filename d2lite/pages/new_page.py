"""Writes a small page that runs, for an author to begin with, for `d2lite new-page`."""

from importlib.resources import files
from pathlib import Path

from d2lite import selection

# As the book orders them.
IMPORTS = {
    'mxnet': 'from d2lite import mxnet as d2l\nfrom mxnet import npx\nnpx.set_np()',
    'pytorch': 'from d2lite import torch as d2l\nimport torch',
    'tensorflow': 'from d2lite import tensorflow as d2l\nimport tensorflow as tf',
    'jax': 'from d2lite import jax as d2l\nimport jax',
}
DEFAULT = list(IMPORTS)
IMPORTS['nnx'] = 'from d2lite import nnx as d2l\nfrom flax import nnx'


def write_page(path: Path, title: str | None = None, tabs: list[str] | None = None) -> None:
    """Writes the page. Raises FileExistsError, or BackendError for an unknown tab."""
    tabs = list(dict.fromkeys(map(selection.canonical_name, tabs or DEFAULT)))
    imports = ''.join(
        f'```{{.python .input}}\n%%tab {tab}\n{IMPORTS.get(tab, "import d2lite as d2l")}\n```\n\n'
        for tab in tabs
    )
    text = files('d2lite.pages').joinpath('new_page.md').read_text(encoding='utf-8')
    words = path.stem.replace('-', ' ').replace('_', ' ')
    text = text.replace('TITLE', title or words[:1].upper() + words[1:])
    text = text.replace('TABS', repr(tabs)).replace('IMPORTS\n', imports)
    try:
        with open(path, 'x', encoding='utf-8') as file:
            file.write(text)
    except FileExistsError:
        raise FileExistsError(f'{path} is there already; choose another name.') from None
