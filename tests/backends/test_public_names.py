"""d2lite uses what the frameworks document: no name of theirs with an underscore in front.

TensorFlow's package `tensorflow.python` is private without one.

What is used all the same is listed here with its reason. A name that is not listed fails, and so
does an entry for a name that is no longer used.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

# (name, file): why. `d2lite_mxnet/framework.py` mends a release that will have no other after it.
EXCEPTIONS = {
    ('_active', 'backends/d2lite_mxnet/hybrid.py'): 'Gluon tells nowhere else what is hybridized',
    ('_children', 'backends/d2lite_mxnet/parameters.py'): 'nor which blocks a block holds',
    ('_updaters', 'backends/d2lite_mxnet/state.py'): 'save_states() of a Trainer is a pickle',
    ('_index_update_count', 'backends/d2lite_mxnet/state.py'): 'the steps that Adam has counted',
    # All of this module's switches are called experimental, and it is the documented one.
    ('experimental', 'backends/d2lite_tensorflow/precision.py'): 'switches TF32 on and off',
}
MENDS = 'backends/d2lite_mxnet/framework.py'
MOST_EXCEPTIONS = 6

OWN = {'self', 'cls'}
# Documented by Python and by IPython, underscore and all.
DOCUMENTED = {'_asdict', '_exit', '_fields', '_getframe', '_repr_mimebundle_', '_repr_svg_'}


def is_private(name):
    of_python = name.startswith('__') and name.endswith('__')
    return name.startswith('_') and not of_python and name not in DOCUMENTED


def defined(trees):
    """The private names that d2lite itself defines: functions, classes, attributes, variables."""
    names = set()
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if isinstance(node.value, ast.Name) and node.value.id in OWN:
                    names.add(node.attr)
    return names


def names_of_others(tree, own):
    """(name, line) of private names of others, and of experimental modules, in a file."""
    for node in ast.walk(tree):
        line = getattr(node, 'lineno', 0)
        if isinstance(node, ast.Attribute):
            of_own = isinstance(node.value, ast.Name) and node.value.id in OWN
            if is_private(node.attr) and not (of_own or node.attr in own):
                yield node.attr, line
            if node.attr == 'experimental':
                yield node.attr, line
        elif isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names]
            modules += [node.module or ''] if isinstance(node, ast.ImportFrom) else []
            for module in modules:
                if f'{module}.'.startswith('tensorflow.python.'):
                    yield 'tensorflow.python', line
                for part in module.split('.'):
                    private = is_private(part) and part not in own
                    if private or part == 'experimental':
                        yield part, line
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ('getattr', 'hasattr', 'setattr') and len(node.args) > 1:
                name = node.args[1]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    if is_private(name.value) and name.value not in own:
                        yield name.value, line


def scan():
    """{(name, file): lines} of all that is used."""
    paths = sorted([*ROOT.glob('backends/*/*.py'), *ROOT.glob('d2lite/**/*.py')])
    trees = {path: ast.parse(path.read_text()) for path in paths}
    own, found = defined(trees), {}
    for path, tree in trees.items():
        for name, line in names_of_others(tree, own):
            found.setdefault((name, str(path.relative_to(ROOT))), []).append(line)
    return found


def test_the_list_is_complete_and_nothing_else_is_in_it():
    found = {key: lines for key, lines in scan().items() if key[1] != MENDS}
    assert {key: lines for key, lines in found.items() if key not in EXCEPTIONS} == {}
    assert [key for key in EXCEPTIONS if key not in found] == []


def test_the_list_is_short():
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())


def test_what_would_be_found():
    code = """
import jax._src.core
from torch._dynamo import config
from jax.experimental import pallas
from tensorflow.python.eager import context
tf.experimental.dlpack
module._buffers
self._mine
getattr(model, '_forward_hooks')
model.__dict__
"""
    names = [name for name, _ in names_of_others(ast.parse(code), {'_own'})]
    assert sorted(names) == [
        '_buffers', '_dynamo', '_forward_hooks', '_src', 'experimental', 'experimental',
        'tensorflow.python',
    ]  # fmt: skip
