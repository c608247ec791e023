"""A page that ran on one tab, as Markdown with its outputs; pictures are files beside it."""

import base64
import re
from urllib.parse import quote

from nbformat import NotebookNode

from d2lite.pages.export.outputs import outputs
from d2lite.pages.running.result import TabResult

SUFFIXES = {
    'image/svg+xml': 'svg', 'image/png': 'png', 'image/jpeg': 'jpg', 'image/gif': 'gif',
    'image/webp': 'webp',
}  # fmt: skip


def markdown_files(notebook: NotebookNode, result: TabResult) -> dict[str, str | bytes]:
    """The files by name: `lesson.jax.md` last, after the pictures in `lesson.jax_files/`.

    `notebook` is that of `result`, with its outputs.
    """
    name = f'{result.page.path.stem}.{result.tab}'
    blocks, files = [], {}
    for node in notebook.cells:
        if node.cell_type == 'markdown':
            blocks.append(node.source)
            continue
        blocks.append(_fenced(node.source, 'python'))
        position = node.metadata['d2lite']['position']
        for number, output in enumerate(outputs(node), start=1):
            if output.kind in SUFFIXES:
                path = f'{name}_files/cell-{position}-{number}.{SUFFIXES[output.kind]}'
                is_text = output.kind == 'image/svg+xml'
                files[path] = output.content if is_text else base64.b64decode(output.content)
                blocks.append(f'![Output of cell {position}]({quote(path)})')
            elif output.kind in ('text/markdown', 'text/latex'):
                blocks.append(output.content)
            elif text := output.fallback if output.kind == 'text/html' else output.content:
                blocks.append(_fenced(text, 'text'))
    if not result.complete:
        blocks.append(f'*Not complete: {result.error or "the run was stopped"}*')
    return files | {f'{name}.md': '\n\n'.join(blocks) + '\n'}


def _fenced(text: str, language: str) -> str:
    longest = max((len(ticks) for ticks in re.findall('`+', text)), default=0)
    fence = '`' * max(3, longest + 1)
    return f'{fence}{language}\n{text}\n{fence}'
