"""A page that ran, as one HTML file that needs nothing else: no network, no other file.

Prose comes once. A cell has a variant for each tab with that tab's own output, and the reader
switches the whole page between them. Without JavaScript all variants are shown one below the other.
Scripts of the page or of its outputs are left out, and a Content-Security-Policy names the one
script and the one style sheet that may work.
"""

import base64
import hashlib
import re
from importlib.resources import files
from posixpath import relpath
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from d2lite.pages.export import run_summary
from d2lite.pages.export.code import highlighted
from d2lite.pages.export.contents import contents, take_heading
from d2lite.pages.export.layout import Variant, lay_out
from d2lite.pages.export.outputs import outputs
from d2lite.pages.export.prose import ProseRenderer
from d2lite.pages.export.shown import output_html
from d2lite.pages.reading.book import Book
from d2lite.pages.reading.page import Prose
from d2lite.pages.reading.references import to_markdown
from d2lite.pages.running.result import TabResult

FILES = files('d2lite.pages.export')


def page_html(results: list[TabResult], book: Book | None = None, home: bool = False) -> str:
    """The page of `results`, one result for each tab that the file is to show.

    `book` has the pages of the run, which this one may refer to; `home`: there is an index.html.
    """
    page, tabs, place = results[0].page, [result.tab for result in results], results[0].place
    book = book or Book({place: page})
    references = book.references(place, '.html')
    laid_out, prose = lay_out(results), ProseRenderer(page.path)
    texts = [to_markdown(part.text, references) for part in laid_out if isinstance(part, Prose)]
    blocks, footnotes = prose.blocks(texts)
    blocks, parts = iter(blocks), []
    for part in laid_out:
        if isinstance(part, Prose):
            parts.append({'prose': Markup(next(blocks)), 'tabs': part.tabs})
        else:
            parts.append({'group': part, 'panels': [_panel(each, prose) for each in part.variants]})
    heading = take_heading(parts)
    before, after = book.neighbours(place, '.html')
    return _render(
        'page.html',
        script=_text('page.js'),
        language=page.language,
        title=_words(heading) or page.title,
        heading=heading,
        parts=parts,
        contents=contents(parts),
        footnotes=Markup(footnotes),
        before=before,
        after=after,
        home=relpath('index.html', place.parent.as_posix()) if home else '',
        tabs=tabs,
        ran=any(result.cells_total for result in results),
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
        'outputs': [Markup(output_html(each, place, prose)) for each in outputs(variant.node)],
        'ran': variant.ran,
    }


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
