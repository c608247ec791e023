"""The packages that pages import: which are missing here, and the line that installs them."""

import ast
import importlib.util
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from d2lite import selection
from d2lite.pages.course.code import statements
from d2lite.pages.reading.page import Cell

# Packages that are called otherwise than what they are imported by.
DISTRIBUTIONS = {
    'PIL': 'pillow', 'bs4': 'beautifulsoup4', 'cv2': 'opencv-python', 'skimage': 'scikit-image',
    'sklearn': 'scikit-learn', 'yaml': 'pyyaml',
}  # fmt: skip
OURS = {'d2l', 'd2lite', 'd2lbook'}
NO_MODULE = re.compile(r"^No module named '(?P<name>[\w.]+)'")


def imported_modules(cells: Iterable[Cell], tab: str) -> dict[str, int]:
    """The packages that cells import on a tab, each with the first line in the file.

    An import that a `try` guards is not needed.
    """
    found = {}
    for cell in cells:
        try:
            tree = ast.Module(statements(cell.source, tab), [])
        except SyntaxError:
            continue
        guarded = {n for t in ast.walk(tree) if isinstance(t, ast.Try) for n in ast.walk(t)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            else:
                continue
            for name in names if node not in guarded else ():
                found.setdefault(name.partition('.')[0], cell.first_line - 1 + node.lineno)
    return found


def is_missing(module: str, folder: Path) -> bool:
    """True if a package is neither installed, nor Python's, nor a file beside the page."""
    if module in OURS or module in sys.stdlib_module_names:
        return False
    beside = (folder / f'{module}.py').exists() or (folder / module).is_dir()
    return not beside and importlib.util.find_spec(module) is None


def install_lines(modules: Iterable[str]) -> list[str]:
    """The shell commands that install these modules: one for each backend, one for the others."""
    backends = selection.backends_by_module()
    lines, others = {}, {}
    for module in modules:
        if module in backends:
            lines[selection.install_line(backends[module])] = True
        else:
            others[DISTRIBUTIONS.get(module, module.replace('_', '-'))] = True
    return [*lines, *([f'pip install {" ".join(others)}'] if others else [])]


def missing_package_hint(ename: str, message: str) -> str:
    """How to install the package that an error names; empty for other errors."""
    match = NO_MODULE.match(message) if ename == 'ModuleNotFoundError' else None
    module = match['name'].partition('.')[0] if match else ''
    if not module or module in sys.stdlib_module_names or not is_missing(module, Path('.')):
        return ''
    return f'To install what is missing: {" && ".join(install_lines([module]))}'
