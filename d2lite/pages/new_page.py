"""Writes a small page that runs, for an author to begin with, for `d2lite new-page`."""

from importlib.resources import files
from pathlib import Path

from d2lite import selection

__all__ = ['write_page']

TABS = ('mxnet', 'pytorch', 'tensorflow', 'jax')  # as the book orders them
IMPORTS = {
    'mxnet': 'from d2lite import mxnet as d2l\nfrom mxnet import npx\nnpx.set_np()',
    'pytorch': 'from d2lite import torch as d2l\nimport torch',
    'tensorflow': 'from d2lite import tensorflow as d2l\nimport tensorflow as tf',
    'jax': 'from d2lite import jax as d2l\nimport jax',
}


def write_page(path: Path, title: str | None = None, tabs: list[str] | None = None) -> None:
    """Writes the page. Raises FileExistsError, or BackendError for an unknown tab."""
    tabs = [selection.canonical_name(tab) for tab in tabs or TABS]
    tabs = list(dict.fromkeys(tabs))
    words = path.stem.replace('-', ' ').replace('_', ' ')
    title = title or words[:1].upper() + words[1:]
    text = files('d2lite.pages').joinpath('new_page.md').read_text(encoding='utf-8')
    text = text.replace('TITLE', title).replace('TABS', repr(tabs))
    text = text.replace('IMPORTS\n', _cells(tabs, IMPORTS))
    try:
        with open(path, 'x', encoding='utf-8') as file:
            file.write(_numbered(text))
    except FileExistsError:
        raise FileExistsError(f'{path} is there already; choose another name.') from None


def _cells(tabs, codes) -> str:
    return '\n'.join(
        f'```{{.python .input}}\n%%tab {tab}\n{codes.get(tab, "import d2lite as d2l")}\n```\n'
        for tab in tabs
    )


def _numbered(text: str) -> str:
    first, *rest = text.split('{.python .input}')
    numbered = (f'{{.python .input  n={n}}}{each}' for n, each in enumerate(rest, start=1))
    return first + ''.join(numbered)
