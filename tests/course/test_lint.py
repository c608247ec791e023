"""`d2lite library`: each rule, broken once, is told with file and line."""

import json

import pytest
from small import cell

from d2lite import interface
from d2lite.pages.course.lint import problems
from d2lite.pages.course.survey import Survey
from d2lite.pages.course.uses import offered_names


def told(small, tabs=('pytorch',)):
    small.configure(f'tabs = {json.dumps(tabs)}')
    found = problems(Survey.of(small.course()))
    return [(each.page.split('/')[-1], each.line, each.fails, each.text) for each in found]


GOOD = cell('import math\nN = 2  #@save\n\ndef f(x):  #@save\n    return math.sqrt(x) + N')
USE = cell('y = d2l.f(1)\nz = d2l.Trainer')


def test_nothing_is_told_of_a_good_course(small):
    small.write(a=GOOD, b=USE)
    assert told(small) == []


@pytest.mark.parametrize(
    'pages, expected',
    [
        (
            {'b': 'Text.\n\n' + cell('x = 1\ny = [d2l.g(2)]')},
            ('b.md', 6, True, 'd2l.g is nowhere: no page saves it, and d2lite does not have it'),
        ),
        (
            {'b': cell('from d2l.torch import g')},
            ('b.md', 3, True, 'd2l.g is nowhere: no page saves it, and d2lite does not have it'),
        ),
        (
            {'a': cell('N = 2\n\ndef f(x):  #@save\n    return x + N'), 'b': USE},
            ('a.md', 5, True, 'f, which is saved, reads N: line 3 defines it without #@save'),
        ),
        (
            {'a': cell('class A:  #@save\n    x = helper()')},
            ('a.md', 3, False, 'A, which is saved, reads helper: nobody defines it'),
        ),
        (
            {'c': cell('def f(x):  #@save\n    return x')},
            ('c.md', 3, False, 'f is saved with another definition in a.md:6'),
        ),
        ({'b': cell('def f(:')}, ('b.md', 3, True, 'this cell is not Python: invalid syntax')),
        (
            {'c': cell('class A:\n    def f(self):  #@save\n        pass')},
            (
                'c.md',
                4,
                False,
                '#@save saves nothing here: it stands at the beginning of a statement',
            ),
        ),
        (
            {'c': cell('print(1)  #@save')},
            ('c.md', 3, False, 'what is saved here has no name to ask for'),
        ),
        ({'b': cell('1', 'pytroch')}, ('b.md', 2, True, "Unknown tab 'pytroch'")),
    ],
)
def test_what_is_told(small, pages, expected):
    small.write(**{'a': GOOD} | pages)
    (problem,) = told(small)
    assert problem[:3] == expected[:3] and problem[3].startswith(expected[3])


def test_the_same_definition_twice_is_not_told(small):
    small.write(
        a=GOOD, c=GOOD.replace('  #@save', '  # for others @save').replace('# for', '#@save for')
    )
    assert told(small) == []


def test_what_is_saved_on_some_tabs_only(small):
    small.write(a=GOOD, b=cell('x = 1', 'jax'))
    texts = [text for *_, text in told(small, ['pytorch', 'jax'])]
    assert texts == ['N is not saved on jax', 'f is not saved on jax']


def test_a_cell_that_shall_fail_and_branches_of_other_tabs_are_no_problem(small):
    failing = '```{.python .input .raises-exception}\n%%tab pytorch\nd2l.nobody\n```\n'
    branch = cell("if tab.selected('jax'):\n    d2l.nobody")
    small.write(a=failing + branch)
    assert told(small) == []


def test_names_that_d2lite_offers(d2l):
    from contract import backend_of

    name = backend_of(d2l)
    modules = {*interface.MODULES, *interface.MODULES_OF.get(name, ())}
    assert offered_names(name) == set(d2l.__all__) | modules


def test_the_command(small, command):
    small.write(a=GOOD, b=USE)
    small.configure('tabs = ["pytorch"]')
    code, out, err = command('library', small.folder)
    assert (code, err) == (0, '')
    assert 'f' in out and 'b.md' in out and '2 names, no errors, no notes' in out
    small.write(c=cell('d2l.gone()'))
    code, out, _ = command('library', small.folder)
    assert code == 1 and 'c.md:3: d2l.gone is nowhere' in out and '1 error,' in out
    code, out, _ = command('library', small.folder, '--json')
    found = json.loads(out)
    assert code == 1 and found['pages'] == ['a.md', 'b.md', 'c.md']
    assert found['names'][0] == {
        'name': 'f', 'tab': 'pytorch', 'saved': ['a.md:6'], 'used': ['b.md'], 'whose': 'course',
    }  # fmt: skip
    assert found['problems'][0]['line'] == 3 and found['problems'][0]['tabs'] == ['pytorch']
    small.configure('tabs = 1')
    assert command('library', small.folder)[0] == 2
