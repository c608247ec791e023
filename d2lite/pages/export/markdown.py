"""A page that ran on one tab, as Markdown with its outputs; pictures are files beside it."""

import base64
import re

from d2lite.pages.export.old_outputs import with_texts
from d2lite.pages.export.outputs import outputs
from d2lite.pages.reading.page import Prose
from d2lite.pages.reading.references import find_labels, to_markdown
from d2lite.pages.running.kernel import TabResult

__all__ = ['markdown_files']

SUFFIXES = {
    'image/svg+xml': 'svg', 'image/png': 'png', 'image/jpeg': 'jpg', 'image/gif': 'gif',
    'image/webp': 'webp',
}  # fmt: skip


def markdown_files(result: TabResult) -> dict[str, str | bytes]:
    """The files by name: `lesson.jax.md` last, after the pictures in `lesson.jax_files/`."""
    name = f'{result.page.path.stem}.{result.tab}'
    parts = result.page.parts_for_tab(result.tab)
    labels = find_labels(parts)
    blocks, files = [], {}
    for part, text in with_texts(parts):
        if isinstance(part, Prose):
            blocks.append(to_markdown(text, labels))
            continue
        if not part.front:
            blocks.append(_fenced(part.source, 'python'))
        for number, output in enumerate(outputs(result.nodes[part.position]), start=1):
            if output.kind in SUFFIXES:
                path = f'{name}_files/cell-{part.position}-{number}.{SUFFIXES[output.kind]}'
                is_text = output.kind == 'image/svg+xml'
                files[path] = output.content if is_text else base64.b64decode(output.content)
                blocks.append(f'![Output of cell {part.position}]({path})')
            elif output.kind in ('text/markdown', 'text/latex'):
                blocks.append(output.content)
            else:
                text = output.fallback if output.kind == 'text/html' else output.content
                blocks.append(_fenced(text, 'text') if text else '')
    if result.error or result.cells_run < result.cells_total:
        blocks.append(f'*Not complete: {result.error or "the run was stopped"}*')
    text = '\n\n'.join(block for block in blocks if block.strip())
    return files | {f'{name}.md': text + '\n'}


def _fenced(text: str, language: str) -> str:
    longest = max((len(ticks) for ticks in re.findall('`+', text)), default=0)
    fence = '`' * max(3, longest + 1)
    return f'{fence}{language}\n{text}\n{fence}'
