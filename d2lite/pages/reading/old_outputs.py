"""Removes the old outputs from a page that was once exported from a notebook.

Such a page has, below a cell, its text output as an indented block and its plots as pictures in a
folder `..._files/`. The cell that is run has new ones.
"""

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt('commonmark')


def without_old_outputs(text: str) -> str:
    """The prose that follows a cell, without the outputs of that cell with which it begins."""
    text = text.lstrip('\n')
    if text[:1] not in (' ', '\t', '!'):  # as an indented block and a picture begin
        return text
    tokens = PARSER.parse(text)
    end = 0
    for token, inline in zip(tokens, [*tokens[1:], None], strict=True):
        if token.level or token.nesting == -1:
            continue
        picture = token.type == 'paragraph_open' and _is_picture(inline)
        if not picture and token.type != 'code_block':
            break
        end = token.map[1]
    return '\n'.join(text.split('\n')[end:]).lstrip('\n')


def _is_picture(inline: Token) -> bool:
    return all(
        child.type == 'softbreak'
        or (child.type == 'image' and '_files/' in str(child.attrs.get('src')))
        for child in inline.children
    )
