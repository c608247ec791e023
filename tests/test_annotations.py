"""Public functions say what they take and what they return: each parameter and result has a type.

The source is read, nothing is imported.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The folders that are held to it, with all that is below them.
FOLDERS = ['d2lite', 'backends']
# The modules of d2lite itself, without its folders.
FILES = []


def functions(body, path=()):
    """The public functions of a module and of its public classes, with their names.

    Those in the branches of an `if` or a `try` count; those within a function do not.
    """
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith('_'):
            yield from functions(node.body, (*path, node.name))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name == '__init__' or not node.name.startswith('_'):
                yield '.'.join((*path, node.name)), node, bool(path)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            branches = [node.body, getattr(node, 'orelse', []), getattr(node, 'finalbody', [])]
            branches += [handler.body for handler in getattr(node, 'handlers', [])]
            for branch in branches:
                yield from functions(branch, path)


def missing(node, is_method):
    """The parameters without annotation, and 'return' if the result has none."""
    positional = [*node.args.posonlyargs, *node.args.args]
    static = any(isinstance(d, ast.Name) and d.id == 'staticmethod' for d in node.decorator_list)
    if is_method and not static:
        positional = positional[1:]  # self or cls
    given = [*positional, node.args.vararg, *node.args.kwonlyargs, node.args.kwarg]
    found = [each.arg for each in given if each is not None and each.annotation is None]
    return found if node.returns is not None else [*found, 'return']


def unannotated(source):
    found = functions(ast.parse(source).body)
    lists = ((name, missing(node, is_method)) for name, node, is_method in found)
    return [f'{name}: {", ".join(names)}' for name, names in lists if names]


def modules():
    return [*FILES, *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob('*.py')))]


def test_every_folder_has_modules():
    assert [folder for folder in FOLDERS if not any((ROOT / folder).rglob('*.py'))] == []


@pytest.mark.parametrize('path', modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_public_functions_are_annotated(path):
    assert unannotated(path.read_text(encoding='utf-8')) == []


def test_what_lacks_an_annotation_is_found():
    source = """
def whole(a: int, *args: str, b: int = 1, **kwargs: int) -> None: ...
def f(a, /, b: int, *args, c=1, **kwargs): ...
def _private(a): ...
class Public:
    def __init__(self, a) -> None: ...
    def __len__(self): ...
    def _hidden(self): ...
    @property
    def size(self): ...
    @staticmethod
    def take(tensor) -> int: ...
    @classmethod
    def make(cls, a: int) -> int: ...
    class Inner:
        def method(self, a: int): ...
class _Private:
    def method(self, a): ...
if True:
    def branch():
        def nested(a): ...
try:
    async def later(a: int): ...
except ImportError:
    def later(a) -> int: ...
"""
    assert unannotated(source) == [
        'f: a, args, c, kwargs, return',
        'Public.__init__: a',
        'Public.size: return',
        'Public.take: tensor',
        'Public.Inner.method: return',
        'branch: return',
        'later: return',
        'later: a',
    ]
