"""What a program writes to a terminal, as HTML: with its colours, and folded where it is long.

rich reads the colours; those of a palette or in RGB become the nearest of the sixteen that
terminals name, for which page.css has a light and a dark variant.
"""

import re
from html import escape

from rich.color import ColorSystem
from rich.style import Style
from rich.text import Text

from d2lite.pages.export.outputs import ANSI, CONTROL

COLOUR = re.compile(r'\x1b\[[0-9;:]*m')
MANY, FIRST = 40, 15  # lines: an output of more than MANY shows the FIRST


def terminal_html(text: str, kind: str, label: str = '') -> str:
    """`text` as an element `pre` of class `kind`; the end of a long one is in a fold."""
    lines = _lines(text)
    while lines and not lines[-1].strip():
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    if not lines:
        return ''
    opening = f'<pre class="{kind}"{label}>'
    if len(lines) <= MANY or kind == 'error':  # the last line of a traceback says most
        return opening + '\n'.join(lines) + '</pre>'
    first, rest = '\n'.join(lines[:FIRST]), '\n'.join(lines[FIRST:])
    summary = f'<summary>{len(lines) - FIRST} more lines</summary>'
    return f'{opening}{first}</pre><details class="more">{summary}{opening}{rest}</pre></details>'


def _lines(text: str) -> list[str]:
    text = ANSI.sub(lambda match: match[0] if COLOUR.fullmatch(match[0]) else '', text)
    # Of a line that is begun anew, as by a progress bar, the last state.
    written = [line.rstrip('\r').rpartition('\r')[2] for line in text.split('\n')]
    whole = Text.from_ansi('\n'.join(written))
    return [_line(line) for line in whole.split('\n', allow_blank=True)]


def _line(line: Text) -> str:
    pieces, at = [], 0
    for start, end, style in sorted(line.spans, key=lambda span: span.start):
        pieces.append(_escaped(line.plain[at:start]))
        pieces.append(_styled(_escaped(line.plain[start:end]), style))
        at = end
    return ''.join([*pieces, _escaped(line.plain[at:])])


def _escaped(text: str) -> str:
    return escape(CONTROL.sub('', text))


def _styled(html: str, style: Style | str) -> str:
    if not isinstance(style, Style) or not html:
        return html
    classes = [name for name in ('bold', 'dim', 'italic', 'underline') if getattr(style, name)]
    for prefix, colour in (('', style.color), ('on-', style.bgcolor)):
        if colour and not colour.is_default:
            classes.append(f'{prefix}{colour.downgrade(ColorSystem.STANDARD).number}')
    names = ' '.join(f'ansi-{name}' for name in classes)
    return f'<span class="{names}">{html}</span>' if names else html
