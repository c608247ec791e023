"""Code as HTML, with a class for each kind of word; page.css gives them colours."""

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

from d2lite.pages.rewriting.code import without_save_marks


def highlighted(code: str, language: str = 'text') -> str:
    """`code` as an element of HTML. An unknown language is not highlighted."""
    if language == 'python':
        code = without_save_marks(code)  # meant for the tools of the book, not for readers
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False, ensurenl=False)
    inner = highlight(code, lexer, HtmlFormatter(nowrap=True)).rstrip('\n')
    return f'<div class="listing"><pre class="code"><code>{inner}</code></pre></div>'
