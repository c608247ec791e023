"""The title and the table of contents of a web page, from the headings of its prose."""

import re
from typing import Any, NamedTuple

from markupsafe import Markup

HEADING = re.compile(r'<h([23])(?: id="([^"]*)")>(.*?)</h\1>', re.S)


class Entry(NamedTuple):
    """A heading: its level, its anchor, what it says, and the tabs that have it."""

    level: int
    anchor: str
    html: Markup
    tabs: tuple[str, ...]


def contents(parts: list[dict[str, Any]]) -> list[Entry]:
    """The headings of the second and third level; empty if there are fewer than two."""
    entries = []
    for part in parts:
        for level, anchor, html in HEADING.findall(part.get('prose', '')):
            inner = re.sub(r'</?a\b[^>]*>', '', html).strip()  # no link and no label in a link
            entries.append(Entry(int(level), anchor, Markup(inner), part['tabs']))
    return entries if len(entries) > 1 else []


def take_heading(parts: list[dict[str, Any]]) -> Markup:
    """The heading that the page begins with, out of `parts`; empty if it does not."""
    first = next((part for part in parts if 'prose' in part), {'prose': ''})
    if match := re.match(r'\s*<h1\b.*?</h1>', first['prose'], flags=re.S):
        first['prose'] = Markup(first['prose'][match.end() :])
        return Markup(match[0])
    return Markup('')
