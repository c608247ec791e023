"""Turns a page into a notebook with all its tabs, and a notebook into a page.

    notebook = to_notebook(read_page('lesson.md'))
    text = to_page(notebook)

A page comes back as it was, character by character, except that its lines end in newlines and that
a byte order mark is gone. What was edited in Jupyter is written anew, everything else stays.
Outputs are not part of a page.
"""

import hashlib
import re
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt

from d2lite.pages.reading.blocks import Cell, PageError
from d2lite.pages.reading.page import Page, parse_page

__all__ = ['METADATA', 'to_notebook', 'to_page']

METADATA = {
    'kernelspec': {'display_name': 'Python 3', 'language': 'python', 'name': 'python3'},
    'language_info': {'name': 'python'},
}
OPENING = re.compile(r'\n*(?P<fence>(?P<char>[`~])(?P=char){2,})(?P<info>[^\n]*)')


def to_notebook(page: Page) -> nbformat.NotebookNode:
    """A notebook of all tabs: cells with their `%%tab` lines, and prose with the book's marks."""
    cells = []
    for number, part in enumerate(page.parts, start=1):
        if isinstance(part, Cell):
            node = nbformat.v4.new_code_cell(part.content)
        else:
            node = nbformat.v4.new_markdown_cell(part.raw.strip('\n'))
        node.id = f'part-{number}'  # the same page gives the same file
        # The hash tells later whether somebody has edited the cell.
        node.metadata['d2lite'] = {
            'part': number, 'raw': part.raw, 'source': _hash(node.source)
        }  # fmt: skip
        cells.append(node)
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA)


def to_page(notebook: nbformat.NotebookNode, path: str | Path = 'page.md') -> str:
    """The text of the page that a notebook holds; `path` is the name it has in errors.

    Raises PageError if it would not read back to the same cells, for example because a Markdown
    cell has a fence that the page would take for a cell.
    """
    sources = [_source(cell) for cell in notebook.cells if cell.cell_type == 'code']
    kept = [cell for cell in notebook.cells if cell.cell_type == 'code' and _kept(cell)]
    # On a page whose cells are just fences of Python, text cannot show Python; there, and on a new
    # page, cells are marked.
    plain = bool(kept) and not any('.input' in _info(_kept(cell)['raw']) for cell in kept)
    for marked in [False, True] if plain else [True]:
        text = _write(notebook, marked)
        try:
            page = parse_page(text, path)
        except PageError:
            if marked:
                raise
            continue
        found = [cell.content for cell in page.cells]
        if found == sources:
            return text
    numbers = range(1, max(len(found), len(sources)) + 1)
    place = next(n for n in numbers if found[n - 1 : n] != sources[n - 1 : n])
    line = page.cells[min(place, len(found)) - 1].line
    message = f'Code cell {place} of the notebook would not be read back from the page as it is; '
    raise PageError(path, line, message + 'look for fences or HTML in the Markdown before it.')


def _write(notebook, marked: bool) -> str:
    text, previous = '', None  # previous: the number of the part before, if it stands as it was
    for cell in notebook.cells:
        kept, source = _kept(cell), _source(cell)
        same = kept and kept['source'] == _hash(source)
        if cell.cell_type != 'code':
            same = same and not cell.get('attachments')
            written = kept['raw'] if same else _closed(_with_attachments(source, cell))
        else:
            same = same and not (marked and '.input' not in _info(kept['raw']))
            written = kept['raw'] if same else _fenced(source, kept, marked)
        if not written.strip():
            continue
        if text and not (same and previous == kept['part'] - 1):
            text = text.rstrip('\n') + '\n\n'
        text += written if written.endswith('\n') or same else written + '\n'
        previous = kept['part'] if same else None
    return text


def _fenced(source: str, kept: dict | None, marked: bool) -> str:
    """The lines of a code cell; its fence is the one it had, if it had one."""
    match = OPENING.match(kept['raw']) if kept else None
    char, fence, info = match.group('char', 'fence', 'info') if match else ('`', '```', '')
    if marked and '.input' not in info.strip(' {}').split():
        info = '{.python .input}'
    runs = [len(run) for run in re.findall(re.escape(char) + '+', source)]
    fence = char * max([len(fence), *(run + 1 for run in runs)])
    content = f'{source}\n' if source else ''
    return f'{fence}{info or "python"}\n{content}{fence}\n'


def _closed(markdown: str) -> str:
    """Markdown in which no fence stays open and swallows the cell after it."""
    markdown = markdown.strip('\n')
    fences = [t for t in MarkdownIt('commonmark').parse(markdown + '\n') if t.type == 'fence']
    if fences:
        start, end = fences[-1].map
        if fences[-1].content.count('\n') != end - start - 2:
            markdown += '\n' + fences[-1].markup
    return markdown


def _with_attachments(markdown: str, cell) -> str:
    """Markdown with the pictures that were pasted into its cell, as data in their links."""
    for name, bundle in cell.get('attachments', {}).items():
        for mimetype, data in bundle.items():
            markdown = markdown.replace(f'attachment:{name}', f'data:{mimetype};base64,{data}')
    return markdown


def _kept(cell) -> dict | None:
    """What `to_notebook` noted of this cell, if it is still of the same kind."""
    kept = cell.metadata.get('d2lite')
    usable = (
        isinstance(kept, dict)
        and isinstance(kept.get('raw'), str)
        and isinstance(kept.get('part'), int)
    )
    return kept if usable and 'source' in kept else None


def _source(cell) -> str:
    return cell.source.replace('\r\n', '\n').replace('\r', '\n')


def _info(raw: str) -> list[str]:
    match = re.search(r'(?:`{3,}|~{3,})([^\n]*)', raw)
    return match[1].strip(' {}').split() if match else []


def _hash(source: str) -> str:
    return hashlib.sha256(source.encode(errors='surrogatepass')).hexdigest()[:16]
