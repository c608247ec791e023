"""The labels that a page defines, and the words of references to them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from d2lite.pages.reading.blocks import Cell, Prose
from d2lite.pages.reading.marks import ROLES, marks

HEADING = re.compile(r'^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$')
CAPTION = re.compile(rf'[ \t]*:(?!(?:{ROLES}):|:)(?P<caption>\S[^\n]*?)')  # of a table
ROLE_LINES = re.compile(rf'(?:^[ \t]*:(?:{ROLES}):`[^`\n]*`[ \t]*\n)+\Z', re.M)
KINDS = {
    'chap': 'Chapter', 'chapter': 'Chapter', 'sec': 'Section', 'subsec': 'Section',
    'subsubsec': 'Section', 'fig': 'Figure', 'img': 'Figure', 'tab': 'Table', 'table': 'Table',
    'eq': 'equation', 'eqn': 'equation',
}  # fmt: skip


@dataclass(frozen=True)
class Label:
    """The words of a reference to a label: a heading, `Figure 1` or `(2)`."""

    name: str
    kind: str  # 'section', 'figure', 'table' or 'equation'
    text: str  # Markdown
    caption: str = ''  # of a figure or a table
    line: int = 1  # in the file


def find_labels(parts: Iterable[Prose | Cell]) -> dict[str, Label]:
    """The labels that the prose of `parts` defines, by name; the first of two alike counts."""
    labels, numbers = {}, {'figure': 0, 'table': 0, 'equation': 0}
    for part in parts:
        for mark, line in marks(part) if isinstance(part, Prose) else ():
            is_label = mark['role'] in ('label', 'eqlabel')
            name = mark['equation'] or (mark['name'] if is_label else None)
            if name and name not in labels:
                before = ROLE_LINES.sub('', mark.string[: mark.start()]).rstrip()
                equation = mark['equation'] or mark['role'] == 'eqlabel'
                labels[name] = _read(name, bool(equation), before, line, numbers)
    return labels


def words_for(name: str, role: str) -> str:
    """Words for a label of another page: `sec_linear-scratch` is Section “linear scratch”."""
    kind, _, rest = name.partition('_')
    word = KINDS.get(kind.lower())
    if not (word and rest):
        word, rest = 'equation' if role == 'eqref' else '', name
    words = re.sub(r'[-_\s]+', ' ', rest).strip()
    return f'{word} “{escaped(words)}”'.lstrip()


def escaped(text: str) -> str:
    """`text` with a backslash before what Markdown would take for a mark."""
    return re.sub(r'([\\`*_\[\]<>$#~])', r'\\\1', text)


def unmarked(heading: str) -> str:
    """A heading without the book's marks around what is bold."""
    return re.sub(r'[\[(]\*\*|\*\*[\])]', '', heading)


def _read(name: str, equation: bool, before: str, line: int, numbers: dict[str, int]) -> Label:
    """Reads the label below the text `before`; `numbers` counts figures, tables and equations."""
    above, _, before = before.rpartition('\n')
    if heading := HEADING.match(before):
        return Label(name, 'section', unmarked(heading[1]), line=line)
    kind = KINDS.get(name.partition('_')[0].lower(), '').lower()
    of_table = CAPTION.fullmatch(before)
    if before.lstrip().startswith('|'):
        rows = re.search(r'(?:^[ \t]*\|.*\n?)+\Z', f'{above}\n{before}', re.M)
        title = f'{above}\n{before}'[: rows.start()].rstrip().rpartition('\n')[2]
        of_table = CAPTION.fullmatch(title)
    if equation:
        kind = 'equation'
    elif before.lstrip().startswith(('![', '<img')):
        kind = 'figure'
    elif of_table or before.lstrip().startswith('|'):
        kind = 'table'
    if kind not in numbers:
        return Label(name, 'section', words_for(name, 'numref'), line=line)
    numbers[kind] += 1
    number = numbers[kind]
    if kind == 'equation':
        return Label(name, kind, f'({number})', line=line)
    caption = re.match(r'\s*!\[(.*?)\]', before) if kind == 'figure' else of_table
    return Label(name, kind, f'{kind.title()} {number}', caption[1] if caption else '', line)
