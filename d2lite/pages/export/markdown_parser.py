"""The Markdown of pages: CommonMark, tables, formulas, footnotes, admonitions, lists of two kinds.

    $$a = b \\tag{1}$$          a formula with a number
    text[^1]  [^1]: more        a footnote
    !!! note "Title"            an admonition, its text indented; also > [!NOTE] and ```{note}
    Term / : What it is         a definition list, in two lines
    - [x] done                  a task list

markdown-it-py and its plugins read them.
"""

import re
from collections.abc import Callable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.admon import admon_plugin
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.texmath import texmath_plugin

from d2lite.pages.reading.emphasis import WIDE

FORMULAS = 'math_inline', 'math_inline_double', 'math_block', 'math_block_eqno', 'amsmath'
KINDS = 'note tip hint important warning caution danger error attention seealso'.split()
ANCHOR = re.compile(r'<a id="[^"]*">')


def markdown_parser(formula: Callable[..., str], fence: Callable[..., str]) -> MarkdownIt:
    """A parser that renders formulas and fences with these rules of markdown-it.

    Footnotes stay where they are defined, between `footnote_reference_open` and `..._close`.
    """
    options = {'html': True, 'tasklists': True, 'alerts': True}
    parser = MarkdownIt('commonmark', options).enable(['table', 'strikethrough'])
    # Digits beside a dollar are prices, not formulas.
    parser.use(dollarmath_plugin, allow_digits=False, double_inline=True, allow_labels=False)
    parser.use(texmath_plugin, delimiters='brackets').use(amsmath_plugin)
    parser.use(footnote_plugin, inline=False, move_to_end=False)
    parser.use(admon_plugin).use(deflist_plugin)
    for kind in FORMULAS:
        parser.renderer.rules[kind] = formula
    parser.renderer.rules['fence'] = fence
    parser.renderer.rules['softbreak'] = _line_end
    return parser


def adapted(tokens: list[Token]) -> Iterator[Token]:
    """The tokens, with the classes and attributes that the page's style knows."""
    for token, content in zip(tokens, [*tokens[1:], None], strict=False):
        if style := token.attrs.pop('style', None):  # of the columns of a table
            token.attrSet('align', str(style).removeprefix('text-align:'))
        if token.type == 'alert_open':
            token.attrSet('class', f'admonition {token.info.lower()}')
        elif token.type == 'alert_title_open':
            token.attrSet('class', 'admonition-title')
        elif token.type == 'list_item_open' and 'checked' in token.meta:
            # The style draws the box: an <input> would be part of a form.
            token.attrJoin('class', 'done' if token.meta.pop('checked') else 'to-do')
        elif token.type == 'paragraph_open' and content and content.children:
            if kind := _kind(content.children):
                token.attrSet('class', kind)
        yield token


def _kind(children: list[Token]) -> str:
    """`caption` for a paragraph with the number of a figure, `anchor` for one with a label only."""
    if not ANCHOR.fullmatch(children[0].content) or children[0].type != 'html_inline':
        return ''
    rest = [child for child in children if child.type not in ('html_inline', 'softbreak')]
    rest = [child for child in rest if child.type != 'text' or child.content.strip()]
    if not rest:
        return 'anchor'
    number = rest[1].content if len(rest) > 1 and rest[0].type == 'strong_open' else ''
    return 'caption' if re.match(r'(?:Figure|Table) \d', number) else ''


def _line_end(tokens, index, options, environment) -> str:
    """The end of a line is a space, but not in scripts without spaces: words go on over it there.

    Otherwise a search in the page would not find such a word.
    """
    before = next((t.content[-1] for t in reversed(tokens[:index]) if t.content), '')
    after = next((t.content[0] for t in tokens[index + 1 :] if t.content), '')
    return '' if re.fullmatch(f'[{WIDE}]{{2}}', before + after) else '\n'
