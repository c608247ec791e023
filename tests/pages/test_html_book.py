"""What makes a web page read like one of a book: notes, numbers, contents, other pages."""

import re
from pathlib import Path

import pytest
from results import display, ran, stream
from test_html import Tree, cell

from d2lite.pages.export.html import page_html
from d2lite.pages.export.terminal import terminal_html
from d2lite.pages.reading.book import Book
from d2lite.pages.reading.page import PageError, parse_page

CELL = cell('1', 'jax')


def html_of(text, **options):
    return page_html(ran(f'{text}\n\n{CELL}', path=options.pop('path', 'lesson.md'), **options))


def elements(html, name, **attributes):
    return [element[2].strip() for element in Tree(html).all(name, **attributes)]


def test_footnotes_of_all_blocks_stand_at_the_end_in_the_order_of_their_use():
    html = html_of(
        f'[^b] one[^a], again[^a].\n\n{CELL}\n\n[^a]: First *a*.\n[^b]: B.\n[^c]: Unused.'
    )
    tree = Tree(html)
    assert [e[2].split('↩')[0].strip() for e in tree.all('li', class_='footnote-item')] == [
        'B.',
        'First a.',
    ]
    ids = [attributes['id'] for _, attributes, _ in tree.elements if 'id' in attributes]
    for _, attributes, _ in tree.elements:
        if attributes.get('href', '').startswith('#'):
            assert attributes['href'][1:] in ids
    assert 'Unused' not in html
    assert html.rindex('class="cell"') < html.index('class="footnotes"')


@pytest.mark.parametrize(
    'markdown, kind, title',
    [
        ('!!! note\n    Text.', 'note', 'Note'),
        ('!!! warning "Mind *this*"\n    Text.', 'warning', 'Mind this'),
        ('> [!TIP]\n> Text.', 'tip', 'Tip'),
        ('```{danger} Mind *this*\nText.\n```', 'danger', 'Mind this'),
    ],
)
def test_admonitions(markdown, kind, title):
    html = html_of(markdown)
    (text,) = elements(html, 'div', class_=f'admonition {kind}')
    assert text.split('\n')[0] == title and text.endswith('Text.')
    assert elements(html, 'p', class_='admonition-title') == [title]


def test_a_class_of_the_page_itself_is_not_taken_from_the_text():
    html = html_of('<p class="bar note">a</p>')
    assert '<p class="note">a</p>' in html


def test_lists_of_definitions_and_of_tasks():
    html = html_of('Term\n: What it is\n\n- [x] done\n- [ ] to do')
    assert (elements(html, 'dt'), elements(html, 'dd')) == (['Term'], ['What it is'])
    assert elements(html, 'li', class_='task-list-item done') == ['done']
    assert elements(html, 'li', class_='task-list-item to-do') == ['to do']
    assert '<input' not in html[html.index('<main') :]


def test_captions_and_numbers():
    html = html_of(
        '![A *cat*](cat.png)\n:label:`fig_cat`\n\n|a|\n|-|\n|1|\n:Of *cats*\n:label:`tab_cat`\n\n'
        '$$x^2$$\n:eqlabel:`eq_x`\n\n$y \\tag{n}$ $$z \\tag{A}$$'
    )
    assert elements(html, 'p', class_='caption') == ['Figure 1: A cat', 'Table 1: Of cats']
    assert elements(html, 'span', class_='number') == ['(1)', '(A)']
    for name in 'fig_cat', 'tab_cat', 'eq_x':
        assert html.count(f'id="{name}"') == 1
    assert html.count('<math display="block">') == 2


def test_contents_are_the_headings_of_two_levels_with_their_tabs():
    page = '# T\n\n## A $x$\n:label:`sec_a`\n\n### B\n\n#### C\n\n'
    page += f'{CELL}\n:begin_tab:`jax`\n## Only `JAX`\n:end_tab:\n\n{cell(2, "mxnet")}'
    html = html_of(page)
    (contents,) = re.findall('<details class="contents">(.*?)</details>', html, re.S)
    found = [(e[1]['class'], e[1].get('data-tab')) for e in Tree(contents).all('li')]
    assert found == [('level-2', None), ('level-3', None), ('level-2 of-tab', 'jax')]
    ids = {e[1]['id'] for e in Tree(html).elements if 'id' in e[1]}
    assert {e[1]['href'][1:] for e in Tree(contents).all('a')} == {'a', 'b', 'only-jax'} <= ids
    assert '<math' in contents and 'sec_a' not in contents
    assert 'class="contents"' not in html_of('## Only one')


def test_pages_of_a_run_lead_to_each_other():
    results = [ran(f'# {n}\n\n{CELL}', path=f'{n}.md') for n in ('one', 'two & 2', 'three')]
    places = [Path('one.md'), Path('sub/two.md'), Path('three.md')]
    for of_page, place in zip(results, places, strict=True):
        for result in of_page:
            result.place = place
    book = Book({runs[0].place: runs[0].page for runs in results})
    middle, last = page_html(results[1], book, home=True), page_html(results[2], book)
    links = [(e[1].get('rel'), e[1]['href'], e[2]) for e in Tree(middle).all('a')]
    wanted = [
        (None, '../index.html', 'All lessons'),
        ('prev', '../one.html', '← one'),
        ('next', '../three.html', 'three →'),
    ]
    assert [link for link in links if link[1] != '#d2lite-content'] == wanted * 2
    links = [(e[1].get('rel'), e[1]['href'], e[2]) for e in Tree(last).all('a', rel='prev')]
    assert links == [('prev', 'sub/two.html', '← two & 2')] * 2
    assert 'All lessons' not in last and 'rel="next"' not in last
    assert 'class="pages"' not in page_html(results[0])


@pytest.mark.parametrize(
    'text, language',
    [
        ('A page about 张量, a word.' + ' More words.' * 60, 'en'),
        ('线性回归的从零开始实现', 'zh'),
        ('線形回帰を実装します', 'ja'),
        ('선형 회귀', 'ko'),
        ('Hồi quy tuyến tính được lập trình', 'vi'),
        ('Doğrusal bağlanımı sıfırdan uygulayalım', 'tr'),
        ('---\nlang: pt-BR\n---\n\nTexto', 'pt-BR'),
    ],
)
def test_language(text, language):
    assert f'<html lang="{language}"' in html_of(text)


def test_front_matter_is_no_prose():
    html = html_of('---\ntitle: "Of <front> matter"\nother: [1]\n---\n\nText.')
    assert '<title>Of &lt;front&gt; matter</title>' in html and '[1]' not in html
    with pytest.raises(PageError, match=r'^a.md:3: The front matter is no YAML'):
        parse_page(f'---\na: 1\nb: [\n---\n{CELL}', 'a.md')
    with pytest.raises(PageError, match=r'^a.md:1: The front matter has a key in each line'):
        parse_page(f'---\nwords\n---\n{CELL}', 'a.md')


def test_colours_of_a_terminal():
    text = 'a \x1b[31mred <b>\nstill\x1b[0m \x1b[1;38;5;28mgreen\x1b[0m'
    text += '\x1b]0;t\x07\x1b[2K\x1b[44m.\x1b[0m\x00'
    assert terminal_html(text, 'stdout') == (
        '<pre class="stdout">a <span class="ansi-1">red &lt;b&gt;</span>\n'
        '<span class="ansi-1">still</span> <span class="ansi-bold ansi-2">green</span>'
        '<span class="ansi-on-4">.</span></pre>'
    )
    assert (
        terminal_html('10%\r\x1b[31m50%\x1b[0m\r100%\r\nb\n\n', 'x')
        == '<pre class="x">100%\nb</pre>'
    )
    assert terminal_html('\n\x1b[0m\n', 'stdout') == ''


def test_the_end_of_a_long_output_is_folded():
    lines = [f'line {n}' for n in range(41)]
    html = page_html(ran(CELL, lambda *_: [stream('\n'.join(lines))]))
    first, rest = elements(html, 'pre', class_='stdout')
    assert (first + '\n' + rest).split('\n') == lines
    assert elements(html, 'summary') == ['26 more lines']
    html = page_html(ran(CELL, lambda *_: [stream('\n'.join(lines[:40]))]))
    assert '<details' not in html
    html = page_html(ran(CELL, lambda *_: [display(text_plain='\n'.join(lines))]))
    assert elements(html, 'summary') == ['26 more lines']
