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

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from d2lite.pages.export import run_summary
from d2lite.pages.export.code import highlighted
from d2lite.pages.export.layout import Group, lay_out
from d2lite.pages.export.outputs import Output, outputs
from d2lite.pages.export.pictures import described, embedded
from d2lite.pages.export.prose import SCROLLS, ProseRenderer, clean
from d2lite.pages.reading.references import find_labels, to_markdown
from d2lite.pages.running.kernel import TabResult

__all__ = ['index_html', 'page_html']

FILES = files('d2lite.pages.export')


def page_html(results: list[TabResult]) -> str:
    """The page of `results`, one result for each tab that the file is to show."""
    page, tabs = results[0].page, [result.tab for result in results]
    prose = ProseRenderer(page.path.parent, page.path)
    labels = find_labels(page.parts)
    parts = []
    for part in lay_out(results):
        if isinstance(part, Group):
            parts.append({'group': part, 'panels': [_panel(each, prose) for each in part.variants]})
        else:
            html = prose(to_markdown(part.text, labels, anchor=prose.label))
            parts.append({'prose': Markup(html), 'tabs': part.tabs})
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


def _panel(variant, prose) -> dict:
    place = f'cell {variant.cell.position} on {run_summary.title(variant.tab)}'
    shown = [_output(each, place, prose) for each in outputs(variant.node)]
    return {
        'tab': variant.tab,
        'code': Markup(highlighted(variant.code, 'python')),
        'outputs': [Markup(html) for html in shown],
        'ran': variant.ran,
    }


def _output(output: Output, place: str, prose: ProseRenderer) -> str:
    if output.kind == 'image/svg+xml':
        return _picture(output, f'Plot ({described(output.content)}), output of {place}')
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
    size = ''.join(
        f' {side}="{value:.0f}"'
        for side, value in zip(('width', 'height'), output.size, strict=True)
        if isinstance(value, int | float)
    )
    words = escape(words.replace('Plot (), ', 'Plot, '))
    return f'<img class="plot" src="{embedded(output.kind, output.content)}" alt="{words}"{size}>'


def _take_heading(parts: list[dict]) -> Markup:
    """The heading that the page begins with, out of `parts`; empty if it does not."""
    for part in parts:
        if 'prose' in part:
            if match := re.match(r'\s*<h1\b.*?</h1>', part['prose'], flags=re.S):
                part['prose'] = Markup(part['prose'][match.end() :])
                return Markup(match[0])
            break
    return Markup('')


def _words(html: str) -> str:
    html = re.sub('<annotation.*?</annotation>', '', html, flags=re.S)
    return Markup(html).striptags()


def _render(template: str, script: str, **values) -> str:
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    style = _text('page.css')
    policy = f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; base-uri 'none'"
    policy += f"; form-action 'none'; script-src {_quoted_hash(script)}"
    return environment.from_string(_text(template)).render(
        style=Markup(style), script=Markup(script), policy=policy, **values
    )


def _text(name: str) -> str:
    return FILES.joinpath(name).read_text(encoding='utf-8')


def _quoted_hash(text: str) -> str:
    return f"'{_hash(text)}'" if text else "'none'"


def _hash(text: str) -> str:
    return 'sha256-' + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
