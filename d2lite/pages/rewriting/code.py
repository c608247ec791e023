"""Looks at the Python in a cell, and edits it without touching what need not change.

A cell is Python and lines of IPython, such as `%matplotlib inline` and `!ls`.
"""

import ast
import io
import re
import tokenize

__all__ = ['Source', 'without_save_marks']

IPYTHON_LINE = re.compile(r'(?P<indent>[ \t]*)(?:[%!?].*|[\w.]+\?{1,2}[ \t]*|[\w.,]+\s*=\s*[%!].*)')
SAVE_MARK = re.compile(r'[ \t]*#[ \t]*@save[ \t]*$')


class Source:
    """A cell's code: its lines, its syntax tree and its tokens, with positions as in `ast`.

    Raises SyntaxError if it is not Python even without IPython's lines.
    """

    def __init__(self, text: str):
        self.text = text
        self.lines = text.split('\n')
        python = text
        try:
            self.tree = ast.parse(python)
        except SyntaxError:
            python = '\n'.join(_mask(line) for line in self.lines)
            self.tree = ast.parse(python)
        self.tokens = list(tokenize.generate_tokens(io.StringIO(python).readline))

    def text_of(self, node: ast.AST) -> str:
        """The source of an expression or a statement."""
        start, end = self._span(node)
        return self.text[start:end]

    def replaced(self, node: ast.AST, text: str) -> str:
        """The whole text with that of `node` replaced."""
        start, end = self._span(node)
        return self.text[:start] + text + self.text[end:]

    def token(self, kind: str, after: tuple[int, int]) -> tokenize.TokenInfo:
        """The first token `kind` from the position (line, column) on; both in characters."""
        return next(t for t in self.tokens if t.string == kind and t.start >= after)

    def column(self, line: int, offset: int) -> int:
        """The column in characters, from one in UTF-8 bytes as `ast` counts them."""
        return len(self.lines[line - 1].encode()[:offset].decode())

    def lines_in_strings(self) -> set[int]:
        """Numbers of the lines that begin inside of a string."""
        inside, opened = set(), []
        for token in self.tokens:
            name = tokenize.tok_name[token.type]
            if name == 'STRING':
                inside.update(range(token.start[0] + 1, token.end[0] + 1))
            elif name.endswith('STRING_START'):
                opened.append(token.start[0])
            elif name.endswith('STRING_END'):
                inside.update(range(opened.pop() + 1, token.end[0] + 1))
        return inside

    def _span(self, node):
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line) + 1)
        return (
            starts[node.lineno - 1] + self.column(node.lineno, node.col_offset),
            starts[node.end_lineno - 1] + self.column(node.end_lineno, node.end_col_offset),
        )


def without_save_marks(text: str) -> str:
    """The code without the comments `#@save`, which mark what the book's library holds."""
    if '@save' not in text:
        return text
    lines = text.split('\n')
    try:
        comments = {
            token.start[0] - 1 for token in Source(text).tokens if token.type == tokenize.COMMENT
        }
    except (SyntaxError, tokenize.TokenError):
        comments = set(range(len(lines)))
    kept = []
    for number, line in enumerate(lines):
        marked = number in comments and SAVE_MARK.search(line)
        if not marked:
            kept.append(line)
        elif line[: marked.start()].strip():
            kept.append(line[: marked.start()])
    return '\n'.join(kept)


def _mask(line: str) -> str:
    match = IPYTHON_LINE.fullmatch(line)
    return f'{match["indent"]}pass' if match else line
