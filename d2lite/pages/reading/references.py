"""Turns the book's marks in prose into plain Markdown, as any notebook shows it.

    print(to_markdown(part.text, book.references(place, '.html')))

- :label:`name` becomes an anchor; that of a figure or a table also its number and caption;
- :eqlabel:`name` an anchor, and the number of the equation in it, as TeX's \\tag;
- :numref:`name`, :ref:`name` and :eqref:`name` a link, or words if no page of the run has it;
- [text](other.md) a link to what is written of that page; without a text, its title is one;
- :cite:`key`, :citep:`key` and :citet:`key` authors and year, with a link to the list that
  :bibliography:`file.bib` stands for; without such a list, they are taken from the key;
- [**text**] and (**text**) become bold, also beside full-width punctuation;
- the dollar of a price, which begins no formula, gets a backslash;
- [~~text~~] and (~~text~~), which are for slides only, :width:`400px`, :height:, and outputs that
  are stored in the page, become nothing.

Code and mathematics stay as they are.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from posixpath import join, normpath
from urllib.parse import quote, unquote

from d2lite.pages.reading.emphasis import beside_wide, emphasized
from d2lite.pages.reading.labels import CAPTION, HEADING, Label, escaped, words_for
from d2lite.pages.reading.literature import Work, citation_from_key, in_text
from d2lite.pages.reading.marks import TOKEN, outside_code

LABEL_LINE = re.compile(r'\n[ \t]*(:label:(`+)[^`\n]+\2)[ \t]*(?=\n|\Z)')
# A label beside a figure or a caption, as Quarto writes them.
BESIDE = re.compile(r'^(?:(!\[[^\n]*\))|:\S[^\n]*?) (:label:`[^`\n]+`)[ \t]*$', re.M)
SIZE_LINE = re.compile(r'^[ \t]*:(?:width|height):(`+)[^`\n]+\1[ \t]*\n', re.M)
# Lines above and below a table. Markdown would take the second for another row.
CAPTION_ABOVE = re.compile(
    rf'^{CAPTION.pattern}\n\s*(?P<table>(?:[ \t]*\|.*(?:\n|\Z))+)(?P<label>[ \t]*:label:)?',
    re.M,
)
CAPTION_BELOW = re.compile(
    rf'(?<=\|)[ \t]*\n{CAPTION.pattern}[ \t]*(?=(?P<label>\n[ \t]*:label:)|\n|\Z)'
)


@dataclass(frozen=True)
class References:
    """What a page may refer to; addresses are '' on the page itself."""

    labels: dict[str, tuple[Label, str]] = field(default_factory=dict)  # with their addresses
    pages: dict[str, tuple[str, str]] = field(default_factory=dict)  # titles and addresses
    works: dict[str, tuple[Work, str | None]] = field(default_factory=dict)  # None: no link
    lists: dict[str, list[Work]] = field(default_factory=dict)  # by the name of the file
    folder: str = '.'  # of the page, below the folder that is run
    picture: Callable[[str], str] = str  # what to write for the address of a picture

    def page_at(self, target: str) -> tuple[str, str] | None:
        """The title and the address of the page that a link leads to, if it is one of these."""
        return self.pages.get(normpath(join(self.folder, unquote(target))))


def to_markdown(text: str, references: References | None = None) -> str:
    """`text` with the book's marks written as plain Markdown."""
    pieces = outside_code(text)
    pieces[::2] = [_plain(piece, references or References()) for piece in pieces[::2]]
    return ''.join(pieces).strip('\n')


def keys_of(names: str) -> list[str]:
    """The keys of a citation, or the files of a list: `A.2001, B.2002` are two."""
    return [key for key in re.split(r'\s*,\s*', names.strip()) if key]


def _plain(text: str, references: References) -> str:
    # A label that follows its heading goes into its line: alone it would be an empty paragraph.
    text = LABEL_LINE.sub(
        lambda m: (' ' if HEADING.match(text[: m.start()].rpartition('\n')[2]) else '\n') + m[1],
        text,
    )
    text = BESIDE.sub(lambda m: f'{m[1] or ""}\n{m[2]}', text)
    text = SIZE_LINE.sub('', text)
    text = CAPTION_ABOVE.sub(_table, text)
    text = CAPTION_BELOW.sub(lambda m: '' if m['label'] else f'\n\n*{m["caption"]}*', text)

    def plain(match):
        if match['role']:
            return _role(match['role'], match['name'], references)
        if match['equation']:
            return _equation(match['tex'], match['equation'], references)
        if match['target']:
            return _link(match, references)
        if match['picture']:
            bare = match['picture'].strip('<>')
            written = references.picture(bare)
            return match['image'] + (match['picture'] if written == bare else written)
        if match['source']:
            return match['img'] + references.picture(match['source'])
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


def _table(match: re.Match) -> str:
    """A table with its caption above it; if it has a label, the caption is there, with a number."""
    if match['label']:
        return match['table'] + match['label']
    return f'*{match["caption"]}*\n\n{match["table"]}'


def _bold(match: re.Match, text: str) -> str:
    before, core, after = re.fullmatch(r'(\s*)(.*?)(\s*)', text, re.S).groups()
    if not core or re.search(r'\n\s*\n', core):  # bold ends with its paragraph
        return text
    if before or after:
        return f'{before}**{core}**{after}'
    return emphasized(match, '**', core)


def _role(role: str, name: str, references: References) -> str:
    known, address = references.labels.get(name, (None, ''))
    if role in ('label', 'eqlabel'):
        anchor = f'<a id="{html.escape(name)}"></a>'
        if known and known.kind in ('figure', 'table'):
            number = f'**{known.text}:** {known.caption}' if known.caption else f'**{known.text}**'
            return f'\n{anchor}{number}'  # a paragraph of its own
        return anchor + (known.text if known and known.kind == 'equation' else '')
    if role in ('numref', 'ref', 'eqref'):
        return f'[{known.text}]({address}#{quote(name)})' if known else words_for(name, role)
    if role.startswith('cite'):
        cited = [_citation(role, key, references) for key in keys_of(name)]
        return ' and '.join(cited) if role == 'citet' else f'({"; ".join(cited)})'
    if role == 'bibliography':
        works = [work for file in keys_of(name) for work in references.lists.get(file, [])]
        return '\n'.join(f'- <a id="{_anchor(work.key)}"></a>{work.text}' for work in works)
    return ''


def _equation(tex: str, name: str, references: References) -> str:
    known, _ = references.labels.get(name, (None, ''))
    anchor = f'<a id="{html.escape(name)}"></a>'
    if known and '\\tag' not in tex:
        bare = tex.rstrip()
        tex = f'{bare} \\tag{{{known.text.strip("()")}}}{tex[len(bare) :]}'
    return f'{anchor}\n$${tex}$$'


def _link(match: re.Match, references: References) -> str:
    found, fragment = references.page_at(match['target']), match['fragment'] or ''
    if found is None:
        return match[0]
    title, address = found
    opening = f'[{title}](' if match['link'] == '[](' else match['link']
    return opening + (address + fragment or '#')


def _citation(role: str, key: str, references: References) -> str:
    if key not in references.works:
        return citation_from_key(role, key)
    work, address = references.works[key]
    if address is None:
        return in_text(role, escaped(work.names), work.year)
    return f'[{in_text(role, escaped(work.names), work.year)}]({address}#{quote(_anchor(key))})'


def _anchor(key: str) -> str:
    return 'cite-' + re.sub(r'[^\w.-]', '-', key)
