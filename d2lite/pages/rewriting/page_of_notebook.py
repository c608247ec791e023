"""Makes a page of a notebook, for `d2lite convert NOTEBOOK.ipynb`.

Cells become fences, with their `%%tab` lines if they have any; outputs are left out, for running
the page makes new ones. Pictures that are attached to cells become files.
"""

import base64
import re
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

from d2lite.pages.reading.blocks import PageError


def read_notebook(path: Path) -> NotebookNode:
    """The notebook in file `path`. Raises PageError if it is missing, or is none."""
    try:
        return nbformat.read(path, 4)
    except OSError as error:
        raise PageError(path, None, f'Cannot read the notebook: {error.strerror}.') from None
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        message = str(error).split('\n')[0]
        raise PageError(path, None, f'This is no Jupyter notebook: {message}') from None


def to_page(notebook: NotebookNode, path: Path) -> tuple[str, dict[str, bytes]]:
    """The text of the page, and its attached pictures by the addresses that the text has.

    `path` is that of the page. Raises PageError for a notebook that is not in Python, or that has
    no code.
    """
    language = notebook.metadata.get('kernelspec', {}).get('language') or 'python'
    if language.lower() != 'python':
        raise PageError(path, None, f'The notebook is in {language}; a page is in Python.')
    if not any(node.cell_type == 'code' and node.source.strip() for node in notebook.cells):
        raise PageError(path, None, 'The notebook has no cells with code, so it is no page.')
    blocks, pictures = [], {}
    for number, node in enumerate(notebook.cells, start=1):
        if node.cell_type == 'code':
            blocks.append(_fence(node))
        elif node.source.strip():
            blocks.append(_prose(node, f'{path.stem}_files/{number}-', pictures))
    return '\n\n'.join(blocks) + '\n', pictures


def _fence(node: NotebookNode) -> str:
    longest = max((len(ticks) for ticks in re.findall('^`+', node.source, re.M)), default=0)
    ticks = '`' * max(3, longest + 1)
    raises = ' .raises-exception' if 'raises-exception' in node.metadata.get('tags', []) else ''
    return f'{ticks}{{.python .input{raises}}}\n{node.source}\n{ticks}'


def _prose(node: NotebookNode, prefix: str, pictures: dict[str, bytes]) -> str:
    text = node.source.strip('\n')
    for name, bundle in node.get('attachments', {}).items():
        address = prefix + name
        pictures[address] = base64.b64decode(next(iter(bundle.values())))
        text = text.replace(f'attachment:{name}', quote(address))
    tabs = node.metadata.get('d2lite', {}).get('tabs')
    if not tabs:
        return text
    # `convert --tab all` has written the names above the text.
    text = re.sub(r'\A\*\*[\w, ]+:\*\*\n\n', '', text)
    return f':begin_tab:`{", ".join(tabs)}`\n{text}\n:end_tab:'
