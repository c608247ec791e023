"""How the pages of a course are to be read: which tabs a cell without a mark is for.

Two editions of the book differ in it. In the older one, and in d2lbook, such a cell is for the
first tab of its page. In the living one it is for all tabs of the page, and a page without any
marks is for the tab that its imports tell, PyTorch if they do not. The second rule holds

- in a course whose file d2lite.toml does not say `unmarked = "first"`, and in a Quarto book;
- for a page with a part for slides, below `<!-- slides -->`, which only that edition has.
"""

import ast
import re
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from typing import Any

from markdown_it.token import Token

from d2lite import selection
from d2lite.faces import FACES
from d2lite.pages.course.contents import bibliography, names_of_files
from d2lite.pages.course.folder import find_course
from d2lite.pages.reading.blocks import Cell
from d2lite.pages.rewriting.masking import mask_ipython

SLIDES = re.compile(r'\s*<!--\s*slides\s*-->\s*\Z', re.I)
QUARTO = re.compile(r'^\{python\b')
DEFAULT = 'pytorch'
MORE_MODULES = {'torchvision': 'pytorch', 'tensorflow_datasets': 'tensorflow'}


@dataclass(frozen=True)
class Conventions:
    """Those of a course; `tabs` are the ones that 'all' stands for, empty for every backend.

    `literature`: the BibTeX files of a project of Quarto.
    """

    unmarked: str = 'first'
    tabs: tuple[str, ...] = ()
    literature: tuple[Path, ...] = ()

    @classmethod
    def of(cls, path: Path) -> 'Conventions':
        """Those of the course that the page at `path` belongs to. Raises CourseError."""
        course = find_course(path)
        if course is None:
            return cls()
        return cls(course.unmarked, course.tabs, tuple(bibliography(course.folder)))

    def all_tabs(self) -> tuple[str, ...]:
        """The tabs that 'all' stands for."""
        return self.tabs or tuple(selection.registered_backends())

    def bibliography(self, metadata: dict[str, Any], path: Path) -> tuple[str, ...]:
        """The BibTeX files of a page, those of its front matter first, as paths from its folder."""
        of_project = [Path(relpath(file, path.resolve().parent)) for file in self.literature]
        names = [*names_of_files(metadata), *(file.as_posix() for file in of_project)]
        return tuple(dict.fromkeys(names))


def cell_fences(fences: list[Token], both: bool) -> list[Token]:
    """The fences that are cells: those marked `.input`, else those of Python; with `both`, both."""
    marked = [fence for fence in fences if '.input' in fence.info.strip(' {}').split()]
    python = [
        fence
        for fence in fences
        if fence.info.split()[:1] == ['python'] or QUARTO.match(fence.info)
    ]
    if both:
        return [fence for fence in fences if fence in marked or fence in python]
    return marked or python


def slides_line(tokens: list[Token]) -> int | None:
    """The index of the line `<!-- slides -->`, below which all is for slides; None without."""
    for token in tokens:
        if token.type == 'html_block' and SLIDES.match(token.content.split('\n')[0]):
            return token.map[0]
    return None


def tab_of_imports(cells: list[Cell]) -> str | None:
    """The tab that the imports of a page tell, PyTorch if they do not.

    None for `import d2lite` and `import d2l` alone, which are for any backend.
    """
    backends = selection.backends_by_module()
    backends |= MORE_MODULES | {f'd2lite.{face}': name for name, face in FACES.items()}
    modules = [module for cell in cells for module in _imported(cell)]
    for module in modules:
        for known in (module, module.partition('.')[0]):
            if known in backends:
                return backends[known]
    return None if {'d2lite', 'd2l'} & set(modules) else DEFAULT


def _imported(cell: Cell) -> list[str]:
    """The modules that a cell imports; `d2l` is d2lite, with its faces."""
    try:
        tree = ast.parse(mask_ipython(cell.source))
    except SyntaxError:
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [f'{node.module}.{alias.name}' for alias in node.names]
    return [re.sub(r'^d2l(?=\.|$)', 'd2lite', name) for name in found]
