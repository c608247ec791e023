"""Hints for names that are not d2lite's: when the book's library gave them up, and what is alike.

Pages of older editions, and pages that use helpers of other chapters, call names that d2lite does
not have.
"""

import difflib
import re

from d2lite import interface
from d2lite.pages.names_of_d2l import IN_D2L, SINCE

MISSING = re.compile(
    r"(?:module 'd2l(?:ite)?\b[\w.]*' has no attribute|module 'd2lite_\w+' has no attribute"
    r"|d2lite on \w+ has no|cannot import name) '(?P<name>\w+)'(?: from 'd2l| *$|$)"
)


def hint_for(ename: str, evalue: str) -> str:
    """The hint for an error that a name is not in d2lite; empty for every other error."""
    match = MISSING.search(evalue) if ename in ('AttributeError', 'ImportError') else None
    return name_hint(match['name']) if match else ''


def name_hint(name: str) -> str:
    """Sentences about `name`, which d2lite does not have."""
    if name == 'paddle':
        return 'd2lite has no backend for paddle.'
    if release := SINCE.get(name):
        sentence = f'{name} is no longer in d2l since {release}.'
    elif name in IN_D2L:
        sentence = f'{name} is in d2l 1.0, but d2lite does not have it on this tab.'
    else:
        sentence = f'{name} is in no release of d2l; a page may have to define it first.'
    if alike := names_like(name):
        sentence += f' d2lite has names that look like it: {", ".join(alike)}.'
    return sentence


def names_like(name: str) -> list[str]:
    """Up to three names of d2lite that look like `name`, whatever their case."""
    known = {each.lower(): each for each in interface.NAMES if each != name}
    return [known[each] for each in difflib.get_close_matches(name.lower(), known, 3, 0.7)]
