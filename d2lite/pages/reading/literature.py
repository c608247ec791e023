"""The literature that pages cite, from BibTeX files; pybtex reads and words it.

works = read_works(Path('refs.bib'), cited=['Vapnik.1992'])
works['Vapnik.1992'].names, works['Vapnik.1992'].year     # 'Vapnik', '1992'
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from d2lite.pages.reading.labels import escaped


@dataclass(frozen=True)
class Work:
    """A cited work: how it is cited, and its line in the list of references, in Markdown."""

    key: str
    names: str  # of the authors: one, two, or the first `et al.`
    year: str  # with a letter where the same authors have several works in a year
    text: str


class LiteratureError(ValueError):
    """A file that is missing, or is no BibTeX."""


def read_works(path: Path, cited: Iterable[str]) -> dict[str, Work]:
    """The works of a BibTeX file that are cited, by key, in the order of the list of references.

    Raises LiteratureError.
    """
    from pybtex.database import parse_string
    from pybtex.exceptions import PybtexError

    try:
        entries = parse_string(path.read_text(encoding='utf-8'), 'bibtex').entries
    except OSError as error:
        raise LiteratureError(f'Cannot read {path.name}: {error.strerror}.') from None
    except (PybtexError, UnicodeDecodeError) as error:
        raise LiteratureError(f'{path.name} is no BibTeX file: {error}.') from None
    works = [_work(key, entries[key]) for key in dict.fromkeys(cited) if key in entries]
    works.sort(key=lambda work: (work.names.lower(), work.year, work.text))
    alike = {}
    for work in works:
        alike.setdefault((work.names, work.year), []).append(work)
    return {work.key: _in_full(work, alike[work.names, work.year], entries) for work in works}


def _work(key, entry) -> Work:
    """The work, with its title alone for a text."""
    people = entry.persons.get('author') or entry.persons.get('editor') or []
    last = [
        ' '.join(map(str, person.rich_prelast_names + person.rich_last_names)) for person in people
    ]
    names = f'{last[0]} et al.' if len(last) > 2 else ' and '.join(last)
    return Work(key, names or key, entry.fields.get('year', 'n.d.'), entry.fields.get('title', key))


def _in_full(work: Work, alike: list[Work], entries) -> Work:
    """The work as BibTeX's style `plain` words it; in brief where it lacks what that asks for."""
    from pybtex.exceptions import PybtexError
    from pybtex.plugin import find_plugin
    from pybtex.richtext import Text

    entry = entries[work.key]
    letter = chr(ord('a') + alike.index(work)) if len(alike) > 1 else ''
    entry.fields['year'] = year = work.year + letter
    try:
        formatted = find_plugin('pybtex.style.formatting', 'plain')().format_entry('', entry)
        text = formatted.text.render(find_plugin('pybtex.backends', 'markdown')())
    except PybtexError:
        people = [str(person) for people in entry.persons.values() for person in people]
        parts = [' and '.join(people), entry.fields.get('title', work.key), year]
        text = ' '.join(f'{escaped(str(Text.from_latex(part)))}.' for part in parts if part)
    return replace(work, year=year, text=' '.join(text.split()))


def citation_from_key(role: str, key: str) -> str:
    """The words for a work that no file has: `Vapnik.1992` is `Vapnik, 1992`.

    `ea` in a key are the other authors.
    """
    *authors, year = key.split('.')
    if not (authors and re.fullmatch(r'\d{4}[a-z]?', year)):
        return escaped(key)
    *others, last = authors
    if last == 'ea':
        named = f'{escaped(authors[0])} et al.'
    else:
        named = escaped(' and '.join([', '.join(others), last] if others else [last]))
    return in_text(role, named, year)


def in_text(role: str, names: str, year: str) -> str:
    """`names (year)` for the role `citet`, in the sentence; else `names, year`."""
    return f'{names} ({year})' if role == 'citet' else f'{names}, {year}'
