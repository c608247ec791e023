"""Other values for the variables of a page: where they go, and what is refused."""

import pytest

from d2lite.pages.reading.page import PageError, parse_page
from d2lite.pages.rewriting.overrides import override, parse_setting


def page(*cells):
    return parse_page(''.join(f'```python\n{cell}\n```\n' for cell in cells))


def changed(code, *settings):
    """The code of a page's only cell with its values set."""
    new, _ = override(page(code), dict(map(parse_setting, settings)), ['pytorch'])
    assert new.cells == tuple(new.parts)
    return new.cells[0].source


@pytest.mark.parametrize(
    'before, after',
    [
        ('max_epochs = 10', 'max_epochs = 1'),
        ('max_epochs=compute(10)  # why', 'max_epochs=1  # why'),
        ('max_epochs: int = 10', 'max_epochs: int = 1'),
        ('lr, max_epochs = 0.1, 10', 'lr, max_epochs = 0.1, 1'),
        ('(lr, (a, max_epochs)) = [0.1, (2, 10)]', '(lr, (a, max_epochs)) = [0.1, (2, 1)]'),
        ('if a:\n    b = 1; max_epochs = 3', 'if a:\n    b = 1; max_epochs = 1'),
        ('with a: max_epochs = 3', 'with a: max_epochs = 1'),
        ('t = Trainer("ä", max_epochs=-3, lr=lr)', 't = Trainer("ä", max_epochs=1, lr=lr)'),
        (
            'def f():\n    g(max_epochs=3)(max_epochs=4)',
            'def f():\n    g(max_epochs=1)(max_epochs=1)',
        ),
        ('max_epochs = f(max_epochs=3000); b', 'max_epochs = 1; b'),
        ('x = 1\nmax_epochs = [\n    1,\n]; y = 2', 'x = 1\nmax_epochs = (1\n\n); y = 2'),
        ('%matplotlib inline\nmax_epochs = 3', '%matplotlib inline\nmax_epochs = 1'),
        ('%%time\nmax_epochs = 3', '%%time\nmax_epochs = 1'),
        ('!ls\nmax_epochs = 3\nfit?', '!ls\nmax_epochs = 1\nfit?'),
    ],
)
def test_places_that_take_a_value(before, after):
    assert changed(before, 'max_epochs=1') == after


@pytest.mark.parametrize(
    'code',
    [
        'max_epochs += 3',
        'a = max_epochs = 3',
        'def f(max_epochs=3): max_epochs = 4',
        'class A:\n    max_epochs = 3',
        'for a in b: max_epochs = 3',
        'a, *max_epochs = 1, 2',
        'lr, max_epochs = values',
        'Trainer(max_epochs=epochs)',
        'self.max_epochs = 3',
        '%%bash\nmax_epochs=3',
        "'max_epochs = 3'",
        'max_epochs = = 3',
    ],
)
def test_places_that_do_not(code):
    with pytest.raises(PageError, match='page.md: --set max_epochs: on tab pytorch the page'):
        changed(code, 'max_epochs=1')


def test_several_values_and_what_is_told_of_them():
    text = page('x = 1', 'lr, n = 0.1, [\n 1]\nfit(lr=0.2)')
    settings = dict(map(parse_setting, ['lr=0.5', 'n = "two"']))
    new, changes = override(text, settings, ['pytorch'])
    assert new.cells[1].source == "lr, n = 0.5, ('two'\n)\nfit(lr=0.5)"
    assert new.cells[0] == text.cells[0]
    told = [(c.name, c.old, c.new, c.cell, c.line) for c in changes]
    assert told == [
        ('lr', '0.1', '0.5', 2, 5),
        ('n', '[\n 1]', "'two'", 2, 5),
        ('lr', '0.2', '0.5', 2, 7),
    ]


def test_every_tab_must_have_the_name():
    text = '```python\n%%tab pytorch\nn = 1\n```\n```python\n%%tab jax\nm = 1\n```\n'
    override(parse_page(text), {'n': '2'}, ['pytorch'])
    with pytest.raises(PageError, match='--set n: on tab jax the page neither assigns n'):
        override(parse_page(text), {'n': '2'}, ['pytorch', 'jax'])


@pytest.mark.parametrize('text', ['x', 'x=', '1=2', 'a.b=1', '=1', 'x=y', 'x=(', 'x=f(1)'])
def test_what_is_no_setting(text):
    with pytest.raises(ValueError, match='--set'):
        parse_setting(text)


def test_values_are_python():
    assert parse_setting('sizes=[1,\n 2]') == ('sizes', '[1, 2]')
    assert parse_setting('lr = -1e-3') == ('lr', '-0.001')
