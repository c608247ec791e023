"""The table of contents of a folder, as the tools for books write it.

- `_quarto.yml`: chapters of a Quarto book;
- `_toc.yml`, `myst.yml`: those of a Jupyter Book;
- `index.md` with a fence ```` ```toc ````, ```` ```{toctree} ````, or `.. toctree::` in one of
  `eval_rst`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

QUARTO = '_quarto.yml'
OF_YAML = (QUARTO, '_toc.yml', 'myst.yml')
FENCE = re.compile(r'^```\s*(?:\{?toc(?:tree)?\}?|eval_rst)[ \t]*\n(.*?)^```', re.M | re.S)
# What holds files, in the order in which a book has them; other keys are titles and options.
KEYS = (
    'project', 'book', 'website', 'toc', 'root', 'part', 'file', 'sidebar', 'contents', 'chapters',
    'parts', 'sections', 'children', 'appendices',
)  # fmt: skip


def has_quarto(folder: Path) -> bool:
    """True if the folder is a project of Quarto."""
    return (folder / QUARTO).is_file()


def bibliography(folder: Path) -> list[Path]:
    """The BibTeX files that the project of Quarto in this folder names, if there is one."""
    if not has_quarto(folder):
        return []
    project = _yaml(folder / QUARTO, (folder / QUARTO).stat().st_mtime_ns)
    return [folder / name for name in names_of_files(project)]


def names_of_files(metadata: Any) -> list[str]:
    """What `bibliography` names, in the front matter of a page or in `_quarto.yml`."""
    found = metadata.get('bibliography') if isinstance(metadata, dict) else None
    return [str(name) for name in (found if isinstance(found, list) else [found]) if name]


def contents(folder: Path) -> list[Path]:
    """The pages that the contents of this folder name, in order, as far as they are there.

    Empty if there is none. The contents of a page that is named, an index of a chapter, are part.
    """
    found = []
    for name in _names(folder):
        page = _page(folder, name)
        if page is None:
            found += sorted(folder.glob(name)) if '*' in name else []
            continue
        found.append(page)
        if page.name == 'index.md' and page.parent != folder:
            found += contents(page.parent)
    return list(dict.fromkeys(found))


def _names(folder: Path) -> list[str]:
    for name in (*OF_YAML, 'index.md'):
        if (folder / name).is_file():
            return _read(folder / name, (folder / name).stat().st_mtime_ns)
    return []


@lru_cache(maxsize=1000)
def _read(file: Path, changed: int) -> list[str]:
    """What a file of contents names; `changed` is when it was written last."""
    if file.name in OF_YAML:
        return list(_files(_yaml(file, changed)))
    text = file.read_text(encoding='utf-8', errors='replace')
    lines = [line.strip() for fence in FENCE.findall(text) for line in fence.splitlines()]
    return [line for line in lines if line and not line.startswith((':', '..', '#'))]


@lru_cache(maxsize=1000)
def _yaml(file: Path, changed: int) -> Any:
    """What a file says; None if it is no YAML."""
    import yaml

    try:
        return yaml.safe_load(file.read_text(encoding='utf-8', errors='replace'))
    except yaml.YAMLError:
        return None


def _files(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for each in node:
            yield from _files(each)
    elif isinstance(node, dict):
        for key in KEYS:
            if key in node:
                yield from _files(node[key])


def _page(folder: Path, name: str) -> Path | None:
    """The file that a line of the contents names, with or without its suffix."""
    for suffix in ('', '.md', '.qmd'):
        path = (folder / f'{name}{suffix}').resolve()
        if path.suffix in ('.md', '.qmd') and path.is_file() and folder in path.parents:
            return path
    return None
