"""A page that ran, as one HTML file that needs nothing else: no network, no other file.

Prose comes once. A cell has a variant for each tab with that tab's own output, and the reader
switches the whole page between them. Without JavaScript all variants are shown one below the other.
Scripts of the page or of its outputs are left out, and a Content-Security-Policy names the one
script and the one style sheet that may work.
"""

import base64
import hashlib
import re
from html import escape
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from d2lite.pages.export import run_summary
from d2lite.pages.export.code import highlighted
from d2lite.pages.export.layout import Variant, lay_out
from d2lite.pages.export.outputs import Output, outputs
from d2lite.pages.export.pictures import described, embedded
from d2lite.pages.export.prose import SCROLLS, ProseRenderer, clean
from d2lite.pages.reading.page import Prose
from d2lite.pages.reading.references import find_labels, to_markdown
from d2lite.pages.running.result import TabResult

FILES = files('d2lite.pages.export')


def page_html(results: list[TabResult]) -> str:
    """The page of `results`, one result for each tab that the file is to show."""
    page, tabs = results[0].page, [result.tab for result in results]
    prose = ProseRenderer(page.path)
    labels = find_labels(page.parts)
    parts = []
    for part in lay_out(results):
        if isinstance(part, Prose):
            html = prose(to_markdown(part.text, labels))
            parts.append({'prose': Markup(html), 'tabs': part.tabs})
        else:
            parts.append({'group': part, 'panels': [_panel(each, prose) for each in part.variants]})
    heading = _take_heading(parts)
    return _render(
        'page.html',
        script=_text('page.js'),
        title=_words(heading) or page.path.stem,
        heading=heading,
        parts=parts,
        tabs=tabs,
        name=run_summary.title,
        names=lambda tabs: ', '.join(map(run_summary.title, tabs)),
        columns=run_summary.columns(results),
        notes=run_summary.notes(results),
        failed=[result for result in results if result.error],
    )


def index_html(pages: dict[str, str]) -> str:
    """A page of links: `pages` are titles by file name."""
    return _render('index.html', script='', pages=pages)


def _panel(variant: Variant, prose: ProseRenderer) -> dict[str, Any]:
    place = f'cell {variant.cell.position} on {run_summary.title(variant.tab)}'
    return {
        'tab': variant.tab,
        'code': Markup(highlighted(variant.code, 'python')),
        'outputs': [Markup(_output(each, place, prose)) for each in outputs(variant.node)],
        'ran': variant.ran,
    }


def _output(output: Output, place: str, prose: ProseRenderer) -> str:
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
    text = output.fallback if output.kind == 'text/html' else output.content
    label = {'stderr': ' aria-label="Messages"', 'error': ' aria-label="Error"'}.get(kind, '')
    return f'<pre class="{kind}"{label}>{escape(text)}</pre>' if text else ''


def _picture(output: Output, words: str) -> str:
    sides = zip(('width', 'height'), output.size, strict=True)
    size = ''.join(
        f' {side}="{value:.0f}"' for side, value in sides if isinstance(value, int | float)
    )
    address = embedded(output.kind, output.content)
    return f'<img class="plot" src="{address}" alt="{escape(words)}"{size}>'


def _take_heading(parts: list[dict[str, Any]]) -> Markup:
    """The heading that the page begins with, out of `parts`; empty if it does not."""
    first = next((part for part in parts if 'prose' in part), {'prose': ''})
    if match := re.match(r'\s*<h1\b.*?</h1>', first['prose'], flags=re.S):
        first['prose'] = Markup(first['prose'][match.end() :])
        return Markup(match[0])
    return Markup('')


def _words(html: str) -> str:
    return Markup(re.sub('<annotation.*?</annotation>', '', html, flags=re.S)).striptags()


def _render(template: str, script: str, **values: Any) -> str:
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    style = _text('page.css')
    allowed = _hash(script) if script else "'none'"
    policy = f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {allowed}"
    policy += "; base-uri 'none'; form-action 'none'"
    return environment.from_string(_text(template)).render(
        style=Markup(style), script=Markup(script), policy=policy, **values
    )


def _text(name: str) -> str:
    return FILES.joinpath(name).read_text(encoding='utf-8')


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
