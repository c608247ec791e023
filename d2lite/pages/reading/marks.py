"""The book's marks in prose, and the links and pictures of Markdown: where they stand.

    for mark, line in marks(prose):
        print(line, mark['role'], mark['name'])

Code and mathematics hold no marks. Definition of the marks: d2lbook, "Markdown cells".
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from d2lite.pages.reading.blocks import Prose
from d2lite.pages.reading.emphasis import PRICE, STARRED

ROLES = 'label|eqlabel|numref|eqref|ref|cite|citep|citet|width|height|bibliography'
TOKEN = re.compile(
    rf"""
      \$\$(?P<tex>(?:(?!\n\s*\n)(?:\\.|[^\\$]))+?)\$\$[ \t]*\n?[ \t]*
        :eqlabel:(?P<eqticks>`+)\s*(?P<equation>[^`\n]+?)\s*(?P=eqticks)
    | :(?P<role>{ROLES}):(?P<ticks>`+)\s*(?P<name>[^`\n]+?)\s*(?P=ticks)
    | \\.
    | (?P<code>(?<!`)`+(?!`)) (?:(?!\n\s*\n).)+? (?<!`)(?P=code)(?!`)
    | {PRICE}
    | \$\$ .+? \$\$
    | \$(?=[^\s$]) (?:(?!\n\s*\n)(?:\\.|[^\\$]))*? (?<=\S)\$(?!\d)
    # The end of a mark is not that of a link, as in [**text**](target) and [**text**][1].
    | \[(?P<m>\*\*|~~)(?![*~]) (?P<m_text>(?:(?!\[(?:\*\*|~~)).)+?) (?P=m)\](?![(\[](?!\*\*|~~))
    | \((?P<n>\*\*|~~)(?![*~]) (?P<n_text>(?:(?!\((?:\*\*|~~)).)+?) (?P=n)\)
    | (?P<image>!\[(?:[^\[\]]|\[[^\[\]]*\])*\]\([ ]*) (?P<picture><[^<>\n]+>|[^\s<>()]+)
    | (?P<img><img\b[^<>]*?\bsrc\s*=\s*(?P<quote>["'])) (?P<source>[^"'<>]+)(?=(?P=quote))
    # The end of a link to another page, or the definition of one.
    | (?P<link>\[?\]\( | ^[ ]{{0,3}}\[[^\]^\n]+\]:[ \t]*)
        (?P<target>[^\s<>()\#:]+\.(?:md|ipynb))(?P<fragment>\#[^\s()]*)?(?=[\s)]|\Z)
    | {STARRED}
    """,
    re.S | re.X | re.M,
)
PARSER = MarkdownIt('commonmark').disable('inline')  # code is in blocks


def marks(prose: Prose) -> Iterator[tuple[re.Match, int]]:
    """The marks in a block of prose, also those in other marks, each with its line in the file."""
    line = prose.line
    for number, piece in enumerate(outside_code(prose.text, stored_outputs=True)):
        if number % 2 == 0:
            yield from _marks(piece, line)
        line += piece.count('\n')


def _marks(text: str, line: int) -> Iterator[tuple[re.Match, int]]:
    for match in TOKEN.finditer(text):
        at = line + text.count('\n', 0, match.start())
        yield match, at
        for inner in ('m_text', 'n_text', 'starred'):
            if match[inner]:
                yield from _marks(match[inner], at)


def outside_code(text: str, stored_outputs: bool = False) -> list[str]:
    """Pieces of the text: even ones are prose, odd ones are code.

    Outputs that are stored in the page are left out, if they are not asked for.
    """
    lines = re.findall(r'[^\n]*\n|[^\n]+', text)
    pieces, position = [], 0
    for token in PARSER.parse(text):
        if token.type in ('fence', 'code_block') and token.map[0] >= position:
            start, end = token.map
            stored = token.type == 'fence' and '.output' in token.info.strip(' {}').split()
            code = '' if stored and not stored_outputs else ''.join(lines[start:end])
            pieces += [''.join(lines[position:start]), code]
            position = end
    return [*pieces, ''.join(lines[position:])]
