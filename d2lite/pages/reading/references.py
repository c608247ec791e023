"""Turns the book's marks in prose into plain Markdown, as any notebook shows it.

    labels = find_labels(page.parts)
    print(to_markdown(part.text, labels))

- :label:`name` becomes an anchor; that of a figure or a table also its number;
- :eqlabel:`name` an anchor with the number of the equation;
- :numref:`name`, :ref:`name` and :eqref:`name` a link, or words if the label is on another page;
- :cite:`key`, :citep:`key` and :citet:`key` authors and year, taken from the key;
- [**text**] and (**text**) become bold, also beside full-width punctuation;
- the dollar of a price, which begins no formula, gets a backslash;
- [~~text~~] and (~~text~~), which are for slides only, :width:`400px`, :height:, :bibliography:,
  and outputs that are stored in the page, become nothing.

Code and mathematics stay as they are. Definition of the marks: d2lbook, "Markdown cells".
"""

import html
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from markdown_it import MarkdownIt

from d2lite.pages.reading.blocks import Cell, Prose
from d2lite.pages.reading.emphasis import PRICE, STARRED, beside_wide, emphasized
from d2lite.pages.reading.labels import HEADING, Label, citation, read_label, words_for

ROLES = 'label|eqlabel|numref|eqref|ref|cite|citep|citet|width|height|bibliography'
TOKEN = re.compile(
    rf"""
      :(?P<role>{ROLES}):(?P<ticks>`+)\s*(?P<name>[^`\n]+?)\s*(?P=ticks)
    | \\.
    | (?P<code>(?<!`)`+(?!`)) (?:(?!\n\s*\n).)+? (?<!`)(?P=code)(?!`)
    | {PRICE}
    | \$\$ .+? \$\$
    | \$(?=[^\s$]) (?:(?!\n\s*\n)(?:\\.|[^\\$]))*? (?<=\S)\$(?!\d)
    # The end of a mark is not that of a link, as in [**text**](target).
    | \[(?P<m>\*\*|~~)(?![*~]) (?P<m_text>(?:(?!\[(?:\*\*|~~)).)+?) (?P=m)\](?!\((?!\*\*|~~))
    | \((?P<n>\*\*|~~)(?![*~]) (?P<n_text>(?:(?!\((?:\*\*|~~)).)+?) (?P=n)\)
    | {STARRED}
    """,
    re.S | re.X,
)
LABEL_LINE = re.compile(r'\n[ \t]*(:label:(`+)[^`\n]+\2)[ \t]*(?=\n|\Z)')
SIZE_LINE = re.compile(r'^[ \t]*:(?:width|height|bibliography):(`+)[^`\n]+\1[ \t]*\n', re.M)
ROLE_LINES = re.compile(rf'(?:^[ \t]*:(?:{ROLES}):`[^`\n]*`[ \t]*\n)+\Z', re.M)


def find_labels(parts: Iterable[Prose | Cell]) -> dict[str, Label]:
    """The labels that the prose of `parts` defines, by name; the first of two alike counts."""
    labels, numbers = {}, {'figure': 0, 'table': 0, 'equation': 0}
    for part in parts:
        if not isinstance(part, Prose):
            continue
        for text in _outside_code(part.text)[::2]:
            for match in TOKEN.finditer(text):
                if match['role'] in ('label', 'eqlabel') and match['name'] not in labels:
                    before = ROLE_LINES.sub('', text[: match.start()]).rstrip().rpartition('\n')[2]
                    labels[match['name']] = read_label(match, before, numbers)
    return labels


def to_markdown(text: str, labels: Mapping[str, Label]) -> str:
    """`text` with the book's marks written as plain Markdown; `labels` are those of the page."""
    pieces = _outside_code(text)
    pieces[::2] = [_plain(piece, labels) for piece in pieces[::2]]
    return ''.join(pieces).strip('\n')


def _outside_code(text: str) -> list[str]:
    """Pieces of the text: even ones are prose, odd ones are code; stored outputs are left out."""
    lines = re.findall(r'[^\n]*\n|[^\n]+', text)
    pieces, position = [], 0
    for token in MarkdownIt('commonmark').parse(text):
        if token.type in ('fence', 'code_block') and token.map[0] >= position:
            start, end = token.map
            stored = token.type == 'fence' and '.output' in token.info.strip(' {}').split()
            code = '' if stored else ''.join(lines[start:end])
            pieces += [''.join(lines[position:start]), code]
            position = end
    return [*pieces, ''.join(lines[position:])]


def _plain(text: str, labels: Mapping[str, Label]) -> str:
    # A label that follows its heading goes into its line: alone it would be an empty paragraph.
    text = LABEL_LINE.sub(
        lambda m: (' ' if HEADING.match(text[: m.start()].rpartition('\n')[2]) else '\n') + m[1],
        text,
    )
    text = SIZE_LINE.sub('', text)

    def plain(match):
        if match['role']:
            return _role(match['role'], match['name'], labels)
        mark = match['m'] or match['n']
        if mark == '**':
            return _bold(match, TOKEN.sub(plain, match['m_text'] or match['n_text']))
        if match['price']:
            return '\\$'
        if match['stars']:
            core = TOKEN.sub(plain, match['starred'])
            if beside_wide(match):
                return emphasized(match, match['stars'], core)
            return f'{match["stars"]}{core}{match["stars"]}'
        return '' if mark else match[0]

    return TOKEN.sub(plain, text)


def _bold(match: re.Match, text: str) -> str:
    before, core, after = re.fullmatch(r'(\s*)(.*?)(\s*)', text, re.S).groups()
    if not core or re.search(r'\n\s*\n', core):  # bold ends with its paragraph
        return text
    if before or after:
        return f'{before}**{core}**{after}'
    return emphasized(match, '**', core)


def _role(role: str, name: str, labels: Mapping[str, Label]) -> str:
    known = labels.get(name)
    if role in ('label', 'eqlabel'):
        anchor = f'<a id="{html.escape(name)}"></a>'
        if known and known.kind in ('figure', 'table'):
            caption = f': {known.caption}' if known.caption else ''
            return f'\n{anchor}*{known.text}{caption}*'  # a paragraph of its own
        return anchor + (known.text if known and known.kind == 'equation' else '')
    if role in ('numref', 'ref', 'eqref'):
        return f'[{known.text}](#{quote(name)})' if known else words_for(name, role)
    if role.startswith('cite'):
        return citation(role, name)
    return ''
