"""Bold beside full-width punctuation, and prices: where plain Markdown does not see what was meant.

In Markdown the stars in `**重点。**然后` are text, for they stand between a punctuation mark and a
letter: scripts with spaces between their words never have that. Such a place is written as
`<strong>重点。</strong>然后`, which Markdown allows anywhere.
"""

import re
import unicodedata

# Scripts without spaces, their punctuation, and full-width forms.
WIDE = '\u2e80-\u2fdf\u3000-\u30ff\u3100-\u31ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef'
# A pair of stars, or one star each, around text of one paragraph.
STARRED = r"""
    (?P<stars>\*{1,2})(?![*\s])
    (?P<starred>(?:\\.|`[^`\n]+`|\$[^$\n]+\$|(?!\n\s*\n|[\[(]\*\*)[^*\\`])+?)
    (?<![*\s])(?P=stars)(?!\*)
"""
# A dollar before an amount. Its text goes on with words, and the next dollar opens a formula.
PRICE = rf"""
    (?P<price>\$)(?=
        \d (?:(?!\n\s*\n)[^$\\])*? (?:[\s(\[][^\W\d_]{{2,}}|[{WIDE}]) (?:(?!\n\s*\n)[^$\\])*
        (?:(?<=[\s(\[{WIDE}])\$|\$(?=[A-Za-z0-9\\]))
    )
"""


def emphasized(match: re.Match, stars: str, core: str) -> str:
    """`core` in the place of `match` between `stars`: as Markdown if that is seen, else as HTML."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    if _opens(before, core[0]) and _opens(after, core[-1]):
        return f'{stars}{core}{stars}'
    element = 'strong' if stars == '**' else 'em'
    return f'<{element}>{core}</{element}>'


def beside_wide(match: re.Match) -> bool:
    """True if full-width characters around its stars may be the reason that they are not seen."""
    around = match.string[: match.start()][-1:] + match.string[match.end() :][:1]
    core = match['starred']
    return bool(re.search(f'[{WIDE}]', around + core[0] + core[-1]))


def _opens(outside: str, inside: str) -> bool:
    """True if Markdown sees stars between these characters; it is the same rule on both sides."""
    return not _is_punctuation(inside) or not outside.strip() or _is_punctuation(outside)


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in 'PS'
