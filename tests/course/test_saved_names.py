"""What `#@save` marks, and which definition of a name counts. No framework is needed for it."""

import sys
import traceback

import pytest
from small import cell

from d2lite.pages.course import index
from d2lite.pages.course.saved import code_of
from d2lite.pages.reading.page import parse_page


def saved(code):
    """The names that a cell saves, and the lines of its marks that save nothing."""
    page = parse_page(cell(code))
    found = code_of(list(page.cells), 'pytorch')
    return [each.names or each.target for each in found.saved], found.stray


@pytest.mark.parametrize(
    'code, names',
    [
        ('def f():  #@save\n    pass\ndef g():\n    pass', [('f',)]),
        ('def f(a,\n      b):  # @save\n    pass', [('f',)]),
        ('@one\n@two  #@save\ndef f(): pass', [('f',)]),
        ('#@save\ndef f(): pass\ndef g(): pass', [('f',), ('g',)]),  # the whole cell
        ('x = 1\n#@save\ndef f(): pass\ndef g(): pass', [('f',)]),
        ('x = 1  #@save\ny = 2', [('x',)]),
        ('x = 1\ny = (2,  #@save\n     3)\nz = 3', [('y',)]),
        ('import a.b, c as d  #@save\nfrom e import f', [('a', 'd')]),
        ('x, (y, *z) = u  #@save', [('x', 'y', 'z')]),
        ('with open(p) as f:  #@save\n    x = f.read()', [('f', 'x')]),
        ('try:  #@save\n    import a\nexcept ImportError:\n    a = None', [('a',)]),
        ('%matplotlib inline\n!ls\nx = 1  #@save', [('x',)]),
        ("if tab.selected('jax'):\n    x = 1  #@save\nelse:\n    y = 1  #@save", [('y',)]),
        ("d2l.DATA_HUB['a'] = 1  #@save", ['DATA_HUB']),
        ('d2l.DATA_HUB.update(a=1)  #@save', ['DATA_HUB']),
        ('@d2l.add_to_class(d2l.Trainer)  #@save\ndef f(self): pass', ['Trainer']),
        ('#@save\ntable = {}\nfor i in range(3):\n    table[i] = i', [('table',), 'table']),
        ("x = '#@save'", []),
        ('x = 1  #@saved', []),
    ],
)
def test_what_a_mark_is_on(code, names):
    found, _ = saved(code)
    if code.startswith('#@save\ntable'):
        names = [('table',), ('i',)]  # the loop binds i, and runs when i is asked for
    assert found == names


def test_a_mark_within_a_statement_saves_nothing():
    assert saved('class A:\n    def f(self):  #@save\n        pass') == ([], (4,))


def test_nothing_runs_that_nobody_asks_for(small):
    small.write(
        a=cell('import math\nimport not_installed')
        + cell('ran.append("f")\nhalf = 2', tab=None)
        + cell('#@save\ndef root(x):\n    return math.sqrt(double(x)) + DELTA\n\nDELTA = 1')
        + cell('def double(x):  #@save\n    return 2 * x')
        + cell('never = not_installed.x  #@save')
    )
    library = small.library()
    assert library.value('root')(8) == 5
    assert sorted(library.lent) == ['DELTA', 'double', 'root']
    with pytest.raises(ModuleNotFoundError, match='not_installed'):
        library.value('never')
    with pytest.raises(AttributeError, match='nobody'):
        library.value('nobody')


def test_which_definition_counts(small):
    for number, name in enumerate('abcd'):
        code = cell(f'def f():  #@save\n    return {number}') if name in 'bc' else cell('1')
        small.write(**{name: code})
    values = {name: small.library(name).value('f')() for name in 'abcd'}
    # The last one up to the page; if there is none, the first one after it.
    assert values == {'a': 1, 'b': 1, 'c': 2, 'd': 2}
    assert small.library().value('f')() == 2  # a notebook asks from the end
    small.configure('pages = ["c.md", "b.md", "*.md"]')
    assert small.library('d').value('f')() == 1


def test_a_page_has_its_own_definition(small):
    small.write(a=cell('def f():  #@save\n    return "saved"'))
    library = small.library('a', variables={})
    assert library.value('f')() == 'saved'  # its cell has not run
    library.variables['f'] = 'of the page'
    assert library.value('f') == 'of the page' and not library.is_lasting('f')
    assert small.library('b', variables={'f': 1}).value('f')() == 'saved'


def test_tabs(small):
    branch = (
        "def f():  #@save\n    if tab.selected('jax'):\n        return 'jax'\n    return 'torch'"
    )
    small.write(a=cell(branch, 'pytorch, jax') + cell('g = 1  #@save', 'jax'))
    assert small.library(tab='jax').value('f')() == 'jax'
    assert small.library().value('f')() == 'torch'
    with pytest.raises(AttributeError):
        small.library().value('g')


def test_whose_definition_counts(small):
    code = (
        "TimeMachine = 'of the course'  #@save\nTrainer = 1  #@save\nabs = 'of the course'  #@save"
    )
    small.write(a=cell(code))
    assert small.library().value('TimeMachine') == 'of d2lite'
    assert small.library().contested() == set()
    small.configure('prefer = "course"')
    library = small.library()
    assert library.contested() == {'TimeMachine', 'abs'}
    assert library.value('TimeMachine') == 'of the course'
    assert library.value('Trainer') is library.own['Trainer']  # an abstraction that all share


def test_methods_that_a_course_adds(small):
    add = '@d2l.add_to_class({})  #@save\ndef {}(self):\n    return {!r}'
    small.write(
        a=cell(
            add.format('d2l.Trainer', 'fit', 'a') + '\n' + add.format('d2l.Trainer', 'new', 'a')
        ),
        b=cell('class Net(d2l.Trainer):  #@save\n    def own(self):\n        return "b"')
        + cell(add.format('Net', 'later', 'b') + '\n' + add.format('d2l.Net', 'own', 'b2')),
        c=cell(add.format('d2l.Trainer', 'new', 'c')),
    )
    library = small.library('b')
    assert 'Trainer' in library.contested()
    trainer = library.value('Trainer')()
    assert (trainer.fit(), trainer.new()) == ('of d2lite', 'a')
    assert [name for name, _ in library.kept] == ['Trainer.fit']
    net = small.library().value('Net')()
    assert (net.own(), net.later(), net.new()) == ('b2', 'b', 'c')


def test_a_table_of_d2lite_is_filled(small):
    small.write(a=cell("d2l.DATA_HUB['x'] = 1  #@save"))
    library = small.library()
    assert library.contested() == {'DATA_HUB', 'download'}
    library.value('download')
    assert library.own['DATA_HUB'] == {'x': 1}


def test_names_without_d2l(small):
    small.write(
        a=cell('def f(x):  #@save\n    return abs(x), TimeMachine'),
        b=cell('def even(n):  #@save\n    return n == 0 or odd(n - 1)'),
        c=cell('def odd(n):  #@save\n    return n != 0 and even(n - 1)'),
        d=cell('class A(d2l.B):  #@save\n    pass\n\nclass B(d2l.A):  #@save\n    pass'),
    )
    assert small.library().value('f')(-1) == (1, 'of d2lite')  # Python's abs, not that of d2l
    assert small.library().value('even')(4) and not small.library().value('odd')(4)
    with pytest.raises(NameError, match='d2l.A is asked for while it is being defined'):
        small.library().value('A')


def test_errors_show_the_page(small):
    small.write(a='Text.\n\n' + cell('def f(x):  #@save\n    y = 1\n    return x / 0'))
    try:
        small.library().value('f')(1)
    except ZeroDivisionError as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        assert (last.filename, last.lineno, last.line) == (
            str(small.folder / 'a.md'), 7, 'return x / 0',
        )  # fmt: skip
    module = small.library().value('f').__module__
    assert module == 'pytorch_course.a' and sys.modules[module].f


def test_the_index_is_kept_by_content(small, monkeypatch):
    small.write(a=cell('x = 1  #@save'), b=cell('y = 1  #@save'))
    read = []
    original = index.read_page
    monkeypatch.setattr(index, 'read_page', lambda p, **k: read.append(p.name) or original(p, **k))
    assert small.library().value('x') == 1
    assert read == ['a.md', 'b.md']
    assert small.library().value('x') == 1
    assert read == ['a.md', 'b.md']  # the second start reads nothing again
    small.write(a=cell('x = 2  #@save'))
    assert small.library().value('x') == 2
    assert read == ['a.md', 'b.md', 'a.md']


def test_a_cache_that_cannot_be_used_is_no_error(small, monkeypatch, tmp_path):
    (tmp_path / 'file').write_text('no folder')
    cache = tmp_path / 'file'
    monkeypatch.setattr(index.platformdirs, 'user_cache_path', lambda name: cache / name)
    small.write(a=cell('x = 1  #@save'))
    assert small.library().value('x') == 1
