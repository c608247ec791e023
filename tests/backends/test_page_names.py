"""The names of tabbed pages, with the base classes and arguments that pages give them.

page_names.txt has a line for each, "tabs: class NAME(base): methods" or "tabs: def NAME(...)". On
JAX the fields of a module stand among its methods. What d2lite takes may go on behind that.
"""

import ast
import dataclasses
import importlib
import inspect
from pathlib import Path

import pytest
from contract import backend_of

from d2lite import selection

LINES = (Path(__file__).parent / 'page_names.txt').read_text().splitlines()
# Bases of the framework's own, as pages import them.
FRAMEWORK_BASES = {
    ('pytorch', 'nn.Module'): 'torch.nn.Module',
    ('jax', 'nn.Module'): 'flax.linen.Module',
    ('mxnet', 'nn.Block'): 'mxnet.gluon.nn.Block',
    ('tensorflow', 'tf.keras.layers.Layer'): 'd2lite_tensorflow.framework.keras.layers.Layer',
}
# An argument that the book's code takes and cannot use.
WITHOUT_SELF = {'HPOSearcher.sample_configuration'}


@dataclasses.dataclass
class Wanted:
    """What a line of the table says; `methods`: by name the arguments, `fields`: of JAX."""

    name: str
    base: str | None
    methods: dict[str, ast.arguments]
    fields: dict[str, ast.expr | None]


def parse(text):
    if text.startswith('def '):
        function = ast.parse(text + ': ...').body[0]
        return Wanted(function.name, None, {'': function.args}, {})
    head, _, body = text.partition('): ')
    base = head.partition('(')[2] or None
    methods, fields = {}, {}
    for part in body.split('; '):
        if '(' in part.partition(':')[0]:
            function = ast.parse(f'def {part}: ...').body[0]
            methods[function.name] = function.args
        else:
            field = ast.parse(part).body[0]
            fields[field.target.id] = field.value
    return Wanted(head.partition('(')[0].removeprefix('class '), base, methods, fields)


def cases():
    for line in LINES:
        tabs, _, text = line.partition(': ')
        wanted = parse(text)
        for tab in tabs.split(','):
            yield pytest.param(selection.canonical_name(tab), wanted, id=f'{wanted.name}-{tab}')


def class_of(path):
    module, name = path, []
    while True:
        try:
            found = importlib.import_module(module)
            break
        except ModuleNotFoundError:
            module, _, last = module.rpartition('.')
            name.insert(0, last)
    for each in name:
        found = getattr(found, each)
    return found


@pytest.fixture
def face(request):
    from contract import require

    return require(request.param)


def defaults_of(arguments):
    names = [each.arg for each in arguments.args]
    values = [ast.literal_eval(value) for value in arguments.defaults]
    return names, dict(zip(names[len(names) - len(values) :], values, strict=True))


def check_arguments(function, arguments, where):
    names, defaults = defaults_of(arguments)
    parameters = inspect.signature(function).parameters
    if 'self' in names and 'self' not in parameters:
        names = names[1:]
    found = [n for n, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    if 'self' in found and 'self' not in names:  # left out in the table
        assert where in WITHOUT_SELF
        found = found[1:]
    assert found[: len(names)] == names, f'{where} takes {found}'
    for name, value in defaults.items():
        default = parameters[name].default
        same = default == value or (not default and not value)  # a tuple for a list
        assert same, f'{where}: {name} is {default!r} by default'
    for name in found[len(names) :]:
        assert parameters[name].default is not inspect.Parameter.empty, f'{where} asks for {name}'


@pytest.mark.parametrize('face, wanted', cases(), indirect=['face'])
def test_a_name_of_pages_is_what_pages_take_it_for(face, wanted):
    assert hasattr(face, wanted.name)
    target = getattr(face, wanted.name)
    if '' in wanted.methods:
        return check_arguments(target, wanted.methods[''], wanted.name)
    if wanted.base and wanted.base.startswith('d2l.'):
        assert issubclass(target, getattr(face, wanted.base.removeprefix('d2l.')))
    elif (backend_of(face), wanted.base) in FRAMEWORK_BASES:
        assert issubclass(target, class_of(FRAMEWORK_BASES[backend_of(face), wanted.base]))
    for name, arguments in wanted.methods.items():
        assert hasattr(target, name), f'{wanted.name} has no {name}'
        method = target if name == '__init__' else getattr(target, name)
        if callable(method):  # and no property
            check_arguments(method, arguments, f'{wanted.name}.{name}')
    fields = {f.name: f.default for f in dataclasses.fields(target)} if wanted.fields else {}
    for name, value in wanted.fields.items():
        assert name in fields, f'{wanted.name} has no field {name}'
        if value is not None:
            assert fields[name] == ast.literal_eval(value)


def test_the_table_is_read():
    assert len(LINES) > 80
    wanted = parse('class RNN(nn.Module): num_hiddens: int = 3; __call__(self, X, H=None)')
    assert wanted.base == 'nn.Module' and set(wanted.methods) == {'__call__'}
    assert ast.literal_eval(wanted.fields['num_hiddens']) == 3
