"""The outputs of the cells of a notebook, in the form that a reader is shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

# From the richest form of an output to the plainest.
MIMETYPES = (
    'image/svg+xml',
    'image/png',
    'image/jpeg',
    'image/gif',
    'image/webp',
    'text/html',
    'text/markdown',
    'text/latex',
    'text/plain',
)
ANSI = re.compile(r'\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])')
CONTROL = re.compile(r'[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]')


@dataclass(frozen=True)
class Output:
    """One thing under a cell. A picture that is no text is in base64, as notebooks store it."""

    kind: str  # 'stdout', 'stderr', 'error', or a mimetype
    content: str
    fallback: str = ''  # the plain text of something richer
    size: tuple[int | None, int | None] = (None, None)  # of a picture, in pixels, if known
    raw: str = ''  # of a text: with the colours of a terminal


def outputs(node: NotebookNode) -> Iterator[Output]:
    """The outputs of a cell of a notebook, in order, each in its richest known form."""
    for output in node.outputs:
        if output.output_type == 'stream':
            yield Output(output.name, plain_text(output.text), raw=output.text)
        elif output.output_type == 'error':
            text = '\n'.join(output.traceback)
            yield Output('error', plain_text(text), raw=text)
        else:
            data = output.data
            if kind := next((kind for kind in MIMETYPES if data.get(kind, '').strip()), None):
                properties = output.metadata.get(kind, {})
                size = properties.get('width'), properties.get('height')
                raw = data.get('text/plain', '')
                text = plain_text(raw)
                yield Output(kind, text if kind == 'text/plain' else data[kind], text, size, raw)


def plain_text(text: str) -> str:
    """`text` as a terminal would leave it: without colours, and lines written over by '\\r'."""
    lines = ANSI.sub('', text).replace('\r\n', '\n').split('\n')
    lines = [line.rstrip('\r').rpartition('\r')[2] for line in lines]
    return CONTROL.sub('', '\n'.join(lines)).strip('\n')
