"""What is known about a page: its front matter, its title, its language.

Front matter is YAML between two lines `---` at the very beginning, as Jupytext and Pandoc have it:

    ---
    title: Linear regression
    lang: en
    ---
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from markdown_it.token import Token

from d2lite.pages.reading.blocks import Cell, PageError, Prose
from d2lite.pages.reading.labels import HEADING, unmarked

# Letters that few other languages have; for the languages of the book's editions, and two more.
LETTERS = {
    'ja': '\u3040-\u30ff', 'ko': '\uac00-\ud7af', 'zh': '\u4e00-\u9fff',
    'vi': 'ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ', 'tr': 'ığş', 'pt': 'ãõ',
}  # fmt: skip
SHARE = 0.006  # of all letters; a foreign name alone has less


def front_matter(tokens: list[Token], path: Path) -> tuple[dict[str, Any], int]:
    """The front matter of a page, and the number of its lines. Raises PageError if it is wrong."""
    if not tokens or tokens[0].type != 'front_matter':
        return {}, 0
    import yaml

    try:
        found = yaml.safe_load(tokens[0].content) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, 'problem_mark', None)
        line = mark.line + 2 if mark else 1
        raise PageError(path, line, f'The front matter is no YAML: {error}') from None
    if not isinstance(found, dict):
        message = 'The front matter has a key in each line, as in title: A page'
        raise PageError(path, 1, message)
    return found, tokens[0].map[1]


def title_of(parts: Iterable[Prose | Cell], metadata: dict[str, Any], path: Path) -> str:
    """The title of a page in plain words: of its front matter, its first heading, its file."""
    if metadata.get('title'):
        return str(metadata['title'])
    for part in parts:
        for line in part.text.split('\n') if isinstance(part, Prose) else ():
            if line.startswith('# ') and (heading := HEADING.match(line)):
                words = re.sub(r':label:`[^`]*`', '', unmarked(heading[1]))
                return re.sub(r'[*`]', '', words).strip()
    return path.stem


def language_of(parts: Iterable[Prose | Cell], metadata: dict[str, Any]) -> str:
    """The language of a page as HTML names it: of its front matter, or by the letters it has."""
    if metadata.get('lang'):
        return str(metadata['lang'])
    prose = ''.join(part.text for part in parts if isinstance(part, Prose)).lower()
    letters = Counter(filter(str.isalpha, prose))
    for language, own in LETTERS.items():
        number = sum(letters[letter] for letter in letters if re.match(f'[{own}]', letter))
        if number and number >= SHARE * letters.total():
            return language
    return 'en'
