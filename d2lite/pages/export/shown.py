"""The outputs of a cell as HTML."""

import re
from html import escape

from d2lite.pages.export.cleaning import clean
from d2lite.pages.export.outputs import Output
from d2lite.pages.export.pictures import described, embedded
from d2lite.pages.export.prose import SCROLLS, ProseRenderer
from d2lite.pages.export.terminal import terminal_html


def output_html(output: Output, place: str, prose: ProseRenderer) -> str:
    """One output of the cell that is called `place`; '' if there is nothing to see."""
    if output.kind == 'image/svg+xml':
        words = described(output.content)
        plot = f'Plot ({words})' if words else 'Plot'
        return _picture(output, f'{plot}, output of {place}')
    if output.kind.startswith('image/'):
        return _picture(output, f'Picture, output of {place}')
    if output.kind == 'text/html':
        html = clean(output.content)
        if re.sub('<[^>]*>', '', html).strip() or '<img' in html:
            return f'{SCROLLS}{html}</div>'
    if output.kind in ('text/markdown', 'text/latex'):
        return f'<div class="prose">{prose(output.content)}</div>'
    kind = output.kind if output.kind in ('stderr', 'error') else 'stdout'
    label = {'stderr': ' aria-label="Messages"', 'error': ' aria-label="Error"'}.get(kind, '')
    return terminal_html(output.raw, kind, label)


def _picture(output: Output, words: str) -> str:
    sides = zip(('width', 'height'), output.size, strict=True)
    size = ''.join(
        f' {side}="{value:.0f}"' for side, value in sides if isinstance(value, int | float)
    )
    address = embedded(output.kind, output.content)
    return f'<img class="plot" src="{address}" alt="{escape(words)}"{size}>'
