"""Removes the old outputs from a page that was once exported from a notebook.

Such a page has, below a cell, its text output as an indented block and its plots as pictures in a
folder `..._files/`. Where the cell has just run, its new output is shown instead.
"""

from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt

from d2lite.pages.reading.page import Cell, Prose

__all__ = ['with_texts']


def with_texts(parts: Iterable[Prose | Cell]) -> Iterator[tuple[Prose | Cell, str]]:
    """Each part with its Markdown to show; that of a cell is empty."""
    before = None
    for part in parts:
        if isinstance(part, Cell):
            yield part, ''
        elif isinstance(before, Cell) and '.input' not in before.raw.partition('\n')[0]:
            yield part, _without_outputs(part.text)
        else:
            yield part, part.text
        before = part


def _without_outputs(text: str) -> str:
    tokens = MarkdownIt('commonmark').parse(text)
    end = 0
    for index, token in enumerate(tokens):
        if token.level or token.nesting == -1:
            continue
        if token.type != 'code_block' and not (
            token.type == 'paragraph_open' and _is_picture(tokens[index + 1])
        ):
            break
        end = token.map[1]
    return '\n'.join(text.split('\n')[end:]).lstrip('\n')


def _is_picture(inline) -> bool:
    children = inline.children or []
    return bool(children) and all(
        child.type == 'softbreak'
        or (child.type == 'image' and '_files/' in str(child.attrs.get('src')))
        for child in children
    )
