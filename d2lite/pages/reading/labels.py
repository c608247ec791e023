"""The words of references to a label of the page, to another page, and to the literature."""

import re
from dataclasses import dataclass

HEADING = re.compile(r'^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$')
KINDS = {
    'chap': 'Chapter', 'chapter': 'Chapter', 'sec': 'Section', 'subsec': 'Section',
    'subsubsec': 'Section', 'fig': 'Figure', 'img': 'Figure', 'tab': 'Table', 'table': 'Table',
    'eq': 'equation', 'eqn': 'equation',
}  # fmt: skip


@dataclass(frozen=True)
class Label:
    """The words of a reference to a label on this page: a heading, `Figure 1` or `(2)`."""

    name: str
    kind: str  # 'section', 'figure', 'table' or 'equation'
    text: str  # Markdown
    caption: str = ''  # of a figure or a table


def words_for(name: str, role: str) -> str:
    """Words for a label of another page: `sec_linear-scratch` is Section “linear scratch”."""
    kind, _, rest = name.partition('_')
    word = KINDS.get(kind.lower())
    if not (word and rest):
        word, rest = 'equation' if role == 'eqref' else '', name
    words = re.sub(r'[-_\s]+', ' ', rest).strip()
    return f'{word} “{_escaped(words)}”'.lstrip()


def citation(role: str, keys: str) -> str:
    """`Vapnik.1992` is (Vapnik, 1992); `ea` in a key are the other authors."""
    cited = []
    for key in filter(None, re.split(r'\s*,\s*', keys.strip())):
        *authors, year = key.split('.')
        if not (authors and re.fullmatch(r'\d{4}[a-z]?', year)):
            cited.append(_escaped(key))
            continue
        *others, last = authors
        if last == 'ea':
            named = _escaped(authors[0]) + ' et al.'
        else:
            named = _escaped(' and '.join([', '.join(others), last] if others else [last]))
        cited.append(f'{named} ({year})' if role == 'citet' else f'{named}, {year}')
    return ' and '.join(cited) if role == 'citet' else f'({"; ".join(cited)})'


def _escaped(text: str) -> str:
    return re.sub(r'([\\`*_\[\]<>$#~])', r'\\\1', text)


def read_label(match: re.Match, before: str, numbers: dict[str, int]) -> Label:
    """Reads the label below the line `before`; `numbers` counts figures, tables and equations."""
    name = match['name']
    if heading := HEADING.match(before):
        text = re.sub(r'[\[(]\*\*|\*\*[\])]', '', heading[1])
        return Label(name, 'section', text)
    kind = KINDS.get(name.partition('_')[0].lower(), '').lower()
    if match['role'] == 'eqlabel':
        kind = 'equation'
    elif before.lstrip().startswith('!['):
        kind = 'figure'
    elif before.lstrip().startswith(':'):
        kind = 'table'
    if kind not in numbers:
        return Label(name, 'section', words_for(name, 'numref'))
    numbers[kind] += 1
    number = numbers[kind]
    if kind == 'equation':
        return Label(name, kind, f'({number})')
    caption = re.match(r'\s*!\[(.*?)\]', before) if kind == 'figure' else None
    return Label(name, kind, f'{kind.title()} {number}', caption[1] if caption else '')
