"""The prose of a page as HTML that is safe to open, with its formulas as MathML.

Markdown as in notebooks, where HTML between the lines is allowed. What comes out is a choice of
harmless elements, made by nh3: no scripts, no styles, no forms, no frames, and no addresses but
http, https and mailto. Pictures become a part of the page; those of other hosts stay outside.
"""

import re
import unicodedata
import warnings
from html import escape
from pathlib import Path

import nh3
from markdown_it import MarkdownIt
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.texmath import texmath_plugin

from d2lite.pages.export.code import highlighted
from d2lite.pages.export.mathematics import FormulaError, to_mathml
from d2lite.pages.export.pictures import embedded_file
from d2lite.pages.reading.emphasis import WIDE

# What is too wide for a phone scrolls in itself.
SCROLLS = '<div class="scrolls">'

TAGS = set(
    'a abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption figure '
    'h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub summary '
    'sup table tbody td tfoot th thead tr tt u ul var wbr'.split()
)
ATTRIBUTES = {
    'a': {'href', 'title', 'id'},
    'img': {'src', 'alt', 'title', 'width', 'height'},
    'ol': {'start'},
    'td': {'align', 'colspan', 'rowspan'},
    'th': {'align', 'colspan', 'rowspan', 'scope'},
    **{f'h{level}': {'id'} for level in range(1, 7)},
}
RESERVED = 'd2lite-'  # ids of the page itself begin with it, and those of the text never do
# A picture without a file; its alternative text is shown instead.
MISSING = re.compile(r'<img(?![^>]*\bsrc=)(?:[^>]*?\balt="([^"]*)")?[^>]*>')
# Takes the place of formulas and of code while the text around them is cleaned.
PLACE = re.compile('\ue000(\\d+)\ue001')


class ProseRenderer:
    """Renders the blocks of prose of one page, one after the other."""

    def __init__(self, path: Path) -> None:
        """`path` is that of the page; its pictures are looked for beside it."""
        self.path = path
        self.ids = set()  # of headings
        self.kept = []  # HTML that is not cleaned: formulas and code
        self.markdown = MarkdownIt('commonmark', {'html': True}).enable(['table', 'strikethrough'])
        # Digits beside a dollar are prices, not formulas.
        self.markdown.use(dollarmath_plugin, allow_digits=False, double_inline=True)
        self.markdown.use(texmath_plugin, delimiters='brackets').use(amsmath_plugin)
        for kind in 'math_inline', 'math_inline_double', 'math_block', 'math_block_eqno', 'amsmath':
            self.markdown.renderer.rules[kind] = self._formula
        self.markdown.renderer.rules['fence'] = self._fence
        self.markdown.renderer.rules['softbreak'] = _line_end

    def __call__(self, text: str) -> str:
        """The HTML of one block of Markdown."""
        text = re.sub('[\ue000\ue001]', '', text)
        environment = {}
        tokens = self.markdown.parse(text, environment)
        for token, content in zip(tokens, tokens[1:], strict=False):
            if token.type == 'heading_open':
                token.attrSet('id', self.anchor(_words(content)))
            elif style := token.attrs.pop('style', None):  # of the columns of a table
                token.attrSet('align', style.removeprefix('text-align:'))
        html = self.markdown.renderer.render(tokens, self.markdown.options, environment)
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
        block = token.type != 'math_inline'
        try:
            formula = to_mathml(token.content, block=block)
        except FormulaError as error:
            tex = ' '.join(token.content.split())
            warnings.warn(f'{self.path}: shown as TeX, for {error}: {tex}', stacklevel=1)
            formula = f'<code>{escape(token.content.strip(), quote=False)}</code>'
        return self._keep(f'<span class="formula">{formula}</span>' if block else formula)

    def _fence(self, tokens, index, options, environment):
        language = tokens[index].info.strip(' {}').lstrip('.').split()[:1]
        code = highlighted(tokens[index].content.rstrip('\n'), *language)
        return self._keep(code)


def clean(html: str, folder: Path | None = None) -> str:
    """`html` without anything that could run, load or disguise itself.

    Pictures are embedded from `folder`, if there is one.
    """

    def checked(tag, attribute, value):
        if attribute == 'src':
            is_picture = re.match(r'data:image/(png|jpeg|gif|webp|svg\+xml)[;,]', value)
            return value if is_picture else folder and embedded_file(folder, value)
        if attribute == 'id':
            return None if value.startswith(RESERVED) else value
        return None if value.strip().lower().startswith('data:') else value

    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={'http', 'https', 'mailto', 'data'},
        attribute_filter=checked,
        link_rel='noopener noreferrer',
    )


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith('M')


def _line_end(tokens, index, options, environment) -> str:
    """The end of a line is a space, but not in scripts without spaces: words go on over it there.

    Otherwise a search in the page would not find such a word.
    """
    before = next((t.content[-1] for t in reversed(tokens[:index]) if t.content), '')
    after = next((t.content[0] for t in tokens[index + 1 :] if t.content), '')
    return '' if re.fullmatch(f'[{WIDE}]{{2}}', before + after) else '\n'


def _words(inline) -> str:
    """The words of a heading."""
    return ''.join(
        child.content for child in inline.children or [] if child.type in ('text', 'code_inline')
    )
