"""The prose of a page as HTML that is safe to open, with its formulas as MathML.

Markdown as in notebooks, where HTML between the lines is allowed; what comes out is cleaned.
"""

import re
import unicodedata
import warnings
from html import escape
from pathlib import Path

from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.footnote.index import footnote_tail

from d2lite.pages.export.cleaning import RESERVED, clean
from d2lite.pages.export.code import highlighted
from d2lite.pages.export.markdown_parser import KINDS, adapted, markdown_parser
from d2lite.pages.export.mathematics import FormulaError, formula_and_number

# What is too wide for a phone scrolls in itself.
SCROLLS = '<div class="scrolls">'
# A picture without a file; its alternative text is shown instead.
MISSING = re.compile(r'<img(?![^>]*\bsrc=)(?:[^>]*?\balt="([^"]*)")?[^>]*>')
# Takes the place of formulas and of code while the text around them is cleaned.
PLACE = re.compile('\ue000(\\d+)\ue001')
END = '\ue002'  # of a block


class ProseRenderer:
    """Renders the prose of one page."""

    def __init__(self, path: Path) -> None:
        """`path` is that of the page; its pictures are looked for beside it."""
        self.path = path
        self.ids = set()  # of headings
        self.kept = []  # HTML that is not cleaned: formulas and code
        self.markdown = markdown_parser(self._formula, self._fence)

    def __call__(self, text: str) -> str:
        """The HTML of a text by itself, such as an output of a cell."""
        (html,), notes = self.blocks([text])
        return html + notes

    def blocks(self, texts: list[str]) -> tuple[list[str], str]:
        """The HTML of each block of a page, and that of the footnotes of all blocks."""
        texts = [re.sub('[\ue000-\ue002]', '', text) for text in texts]
        environment = {}
        for text in texts:  # what a block defines may be used in one before it
            self.markdown.parse(text, environment)
        notes = environment.get('footnotes', {'refs': {}})
        environment['footnotes'] = {'refs': dict.fromkeys(notes['refs'], -1), 'list': {}}
        tokens = []
        for text in texts:
            tokens += self.markdown.parse(text, environment)
            tokens.append(Token('html_block', '', 0, content=END))
        state = StateCore('', self.markdown, environment, tokens)
        footnote_tail(state)
        tokens = list(adapted(state.tokens))
        for token, content in zip(tokens, tokens[1:], strict=False):
            if token.type == 'heading_open':
                token.attrSet('id', self.anchor(_words(content)))
        html = self.markdown.renderer.render(tokens, self.markdown.options, environment)
        *blocks, notes = map(self._cleaned, html.split(END))
        return blocks, notes

    def _cleaned(self, html: str) -> str:
        html = clean(html, self.path.parent)
        html = MISSING.sub(lambda match: f'<em>[{match[1] or "picture"}]</em>', html)
        html = re.sub('(<table.*?</table>)', rf'{SCROLLS}\1</div>', html, flags=re.S)
        return PLACE.sub(lambda match: self.kept[int(match[1])], html)

    def anchor(self, name: str) -> str:
        """An id for `name` that this page does not have yet."""
        # The marks on a letter may be characters of their own; they are part of it.
        letters = unicodedata.normalize('NFC', name.strip().lower())
        slug = ''.join(c if c.isalnum() or c in '_.-' or _is_mark(c) else ' ' for c in letters)
        slug = '-'.join(slug.split()).strip('-') or 'section'
        slug = f'x-{slug}' if slug.startswith(RESERVED) else slug
        found, number = slug, 1
        while found in self.ids:
            number += 1
            found = f'{slug}-{number}'
        self.ids.add(found)
        return found

    def _keep(self, html):
        self.kept.append(html)
        return f'\ue000{len(self.kept) - 1}\ue001'

    def _formula(self, tokens, index, options, environment):
        token = tokens[index]
        block, number = token.type != 'math_inline', ''
        try:
            formula, number = formula_and_number(token.content, block=block)
        except FormulaError as error:
            tex = ' '.join(token.content.split())
            warnings.warn(f'{self.path}: shown as TeX, for {error}: {tex}', stacklevel=1)
            formula = f'<code>{escape(token.content.strip(), quote=False)}</code>'
        if not block:
            return self._keep(formula)
        formula = f'<span class="formula">{formula}</span>'
        if number:
            number = f'<span class="number">({escape(number)})</span>'
            formula = f'<span class="numbered">{formula}{number}</span>'
        return self._keep(formula)

    def _fence(self, tokens, index, options, environment):
        content, info = tokens[index].content, tokens[index].info.strip()
        admonition = re.fullmatch(r'\{(\w+)\}\s*(.*)', info)
        if admonition and admonition[1] in KINDS:
            kind, title = admonition[1], admonition[2] or admonition[1].title()
            inner = self.markdown.render(content, environment)
            title = self.markdown.renderInline(title, environment)
            return (
                f'<div class="admonition {kind}">\n<p class="admonition-title">{title}</p>\n'
                f'{inner}</div>\n'
            )
        language = info.strip(' {}').lstrip('.').split()[:1]
        return self._keep(highlighted(content.rstrip('\n'), *language))


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith('M')


def _words(inline) -> str:
    """The words of a heading."""
    return ''.join(
        child.content for child in inline.children or [] if child.type in ('text', 'code_inline')
    )
