"""The book's marks in prose become plain Markdown; code and mathematics stay as they are."""

from pathlib import Path

import pytest

from d2lite.pages.reading.book import Book
from d2lite.pages.reading.page import Prose, parse_page, read_page
from d2lite.pages.reading.pictures import TakenAlong
from d2lite.pages.reading.references import to_markdown

CELL = '```python\nx = 1\n```\n'


@pytest.mark.parametrize(
    'marked, plain',
    [
        ('We [**do this**] and (**this,\ntoo.**)', 'We **do this** and **this,\ntoo.**'),
        ('[** with `x` and :numref:`x` **] y', ' **with `x` and “x”**  y'),
        ('a [~~only on slides~~]b(~~also~~)', 'a b'),
        ('(**a**] [~~b**]', '(**a**] [~~b**]'),
        ('\\`[**x**]`', '\\`**x**`'),
        ('(**a [**b**] c', '(**a **b** c'),
        ('[**one\n\ntwo**]', 'one\n\ntwo'),
        ('[**bold**](https://d2l.ai) and [**x)', '[**bold**](https://d2l.ai) and [**x)'),
        ('see :numref:`sec_linear-scratch`.', 'see Section “linear scratch”.'),
        ('see :numref:``subsec_a_b``', 'see Section “a b”'),
        (':eqref:`eq_mse`, :eqref:`mse`', 'equation “mse”, equation “mse”'),
        (':ref:`fig_x`, :numref:`oo-design`', 'Figure “x”, “oo design”'),
        ('prediction :cite:`Vapnik.1992`.', 'prediction (Vapnik, 1992).'),
        (':citep:`A.B.C.2001,D.ea.2002b`', '(A, B and C, 2001; D et al., 2002b)'),
        (':citet:`A.B.2001` say :cite:`my_key`', 'A and B (2001) say (my\\_key)'),
        ('![a](b.svg)\n:width:`400px`\n:label:`fig_a`', '![a](b.svg)\n<a id="fig_a"></a>'),
        (':label:`a"><b>`', '<a id="a&quot;&gt;&lt;b&gt;"></a>'),
        ('`[**x**]` and `` :numref:`x` ``', '`[**x**]` and `` :numref:`x` ``'),
        ('$[**x**]$ $$\n(**y**)\n$$', '$[**x**]$ $$\n(**y**)\n$$'),
        ('\\$[**x**]\\$ costs $5 or [**$6**]', '\\$**x**\\$ costs \\$5 or **$6**'),
        # Beside full-width punctuation stars are not seen.
        ('[**重点。**]然后(**定义，**)再', '<strong>重点。</strong>然后<strong>定义，</strong>再'),
        ('**注意：**这里*“学习”*是', '<strong>注意：</strong>这里<em>“学习”</em>是'),
        ('**`nn.Module`**类，**普通**字', '<strong>`nn.Module`</strong>类，**普通**字'),
        ('**$x$ 是：**y **甲。** (**乙**)', '<strong>$x$ 是：</strong>y **甲。** **乙**'),
        ('[**Model.**]devam', '<strong>Model.</strong>devam'),
        ('f(**kwargs), g(**kwargs), 2*3*4', 'f(**kwargs), g(**kwargs), 2*3*4'),
        ('`**a。**b` $a**b。**c$', '`**a。**b` $a**b。**c$'),
        # A price is no formula.
        ('Pay $200,000 for it, where $x$ is', 'Pay \\$200,000 for it, where $x$ is'),
        ('价格为$200,000，其中$x$是', '价格为\\$200,000，其中$x$是'),
        ('$1,000 a year or $2,000 (see $y$)', '\\$1,000 a year or \\$2,000 (see $y$)'),
        ('the $3$rd of $2x$, $10 km$ far, 设$2x$是', 'the $3$rd of $2x$, $10 km$ far, 设$2x$是'),
        ('$0 \\text{ for }$x, $1/2$', '$0 \\text{ for }$x, $1/2$'),
        ('```c\n[**x**] :cite:`x`\n```', '```c\n[**x**] :cite:`x`\n```'),
        ('Text.\n\n    [**x**]\n\n:ref:`x`', 'Text.\n\n    [**x**]\n\n“x”'),
        ('a\n\n```{.json .output n=3}\n[{}]\n```\nb', 'a\n\nb'),
        ('10:30, a::b, :unknown:`x`, :label:', '10:30, a::b, :unknown:`x`, :label:'),
    ],
)
def test_marks(marked, plain):
    assert to_markdown(marked) == plain


def book_of(**pages):
    """A book of pages `name='text'`; each gets a cell."""
    parsed = {
        Path(f'{n}.md'): parse_page(text + '\n\n' + CELL, f'{n}.md') for n, text in pages.items()
    }
    return Book(parsed)


def plain(book, name, suffix='.html', **options):
    references = book.references(Path(f'{name}.md'), suffix, **options)
    parts = book.pages[Path(f'{name}.md')].parts
    return '\n\n'.join(to_markdown(p.text, references) for p in parts if isinstance(p, Prose))


def test_labels_of_the_page_become_links():
    book = book_of(
        a='# The [**Title**] $x$\n:label:`sec_title`\n\n$$a$$\n:eqlabel:`eq_a`\n'
        '$$b$$ :eqlabel:`eq_b`\n\n![A picture](p.svg)\n:width:`10px`\n:label:`fig_p`\n\n'
        '    :label:`code`\n\nSee :numref:`sec_title`, :eqref:`eq_b`, [**:numref:`fig_p`**], '
        ':ref:`code`.'
    )
    assert list(book.labels[Path('a.md')]) == ['sec_title', 'eq_a', 'eq_b', 'fig_p']
    assert plain(book, 'a') == (
        '# The **Title** $x$ <a id="sec_title"></a>\n\n'
        '<a id="eq_a"></a>\n$$a \\tag{1}$$\n<a id="eq_b"></a>\n$$b \\tag{2}$$\n\n'
        '![A picture](p.svg)\n\n<a id="fig_p"></a>**Figure 1:** A picture\n\n'
        '    :label:`code`\n\nSee [The Title $x$](#sec_title), [(2)](#eq_b), '
        '**[Figure 1](#fig_p)**, “code”.'
    )


TABLE = '|a|b|\n|-|-|\n|1|2|\n'


@pytest.mark.parametrize(
    'marked, written',
    [
        (f'{TABLE}:Below\n:label:`tab_x`', f'{TABLE}\n<a id="tab_x"></a>**Table 1:** Below'),
        (f':Above\n\n{TABLE}:label:`tab_x`', f'{TABLE}\n<a id="tab_x"></a>**Table 1:** Above'),
        (f'{TABLE}:label:`tab_x`', f'{TABLE}\n<a id="tab_x"></a>**Table 1**'),
        (f'{TABLE}:No label', f'{TABLE}\n*No label*'),
        (f':No label\n\n{TABLE}', f'*No label*\n\n{TABLE}'),
        ('Term\n: What it is', 'Term\n: What it is'),
    ],
)
def test_captions_of_tables(marked, written):
    assert plain(book_of(a=marked), 'a').strip() == written.strip()


def test_labels_of_other_pages_lead_there_with_title_or_number():
    book = book_of(
        one='# First\n:label:`sec_first`\n\n$$x$$ :eqlabel:`eq_x`\n\n![P](p.svg)\n:label:`fig_p`'
        '\n\n:numref:`sec_twice`',
        two='# Second *one*\n:label:`sec_twice`\n\n:numref:`sec_first`, :eqref:`eq_x`, '
        ':ref:`fig_p`, :numref:`sec_twice`',
        three='# Third\n:label:`sec_twice`',
    )
    assert plain(book, 'two').endswith(
        '[First](one.html#sec_first), [(1) of “First”](one.html#eq_x), '
        '[Figure 1 of “First”](one.html#fig_p), [Second *one*](#sec_twice)'
    )
    assert plain(book, 'one', '.jax.ipynb').endswith('[Second *one*](two.jax.ipynb#sec_twice)')


def test_links_to_other_pages_lead_to_what_is_written_of_them():
    text = (
        '# A [link](../b/two.md#x "t"), [](../b/two.md), [**b**][1], [gone](gone.md), `[c](d.md)`'
    )
    pages = {
        Path('a/one.md'): parse_page(f'{text}\n\n[1]: ../b/two.md\n\n{CELL}', 'a/one.md'),
        Path('b/two.md'): parse_page(f'# Title\n\n{CELL}', 'b/two.md'),
    }
    book = Book(pages)
    first = pages[Path('a/one.md')].parts[0].text
    assert to_markdown(first, book.references(Path('a/one.md'), '.html')) == (
        '# A [link](../b/two.html#x "t"), [Title](../b/two.html), [**b**][1], [gone](gone.md), '
        '`[c](d.md)`\n\n[1]: ../b/two.html'
    )
    assert list(book.problems()) == [
        'a/one.md:1: The link to gone.md leads to no page of this run.'
    ]


def test_another_page_without_the_tab_is_not_linked():
    front = "```python\ntab.interact_select('{}', 'mxnet')\n```\n"
    pages = {
        Path('one.md'): parse_page(
            front.format('jax') + '\n:numref:`sec_x`, [y](two.md)', 'one.md'
        ),
        Path('two.md'): parse_page(front.format('pytorch') + '\n# X\n:label:`sec_x`', 'two.md'),
    }
    text = pages[Path('one.md')].parts[-1].text
    on = {t: Book(pages).references(Path('one.md'), f'.{t}.md', t) for t in ('jax', 'mxnet')}
    assert to_markdown(text, on['jax']) == 'Section “x”, [y](two.md)'
    assert to_markdown(text, on['mxnet']) == '[X](two.mxnet.md#sec_x), [y](two.mxnet.md)'


def test_what_leads_nowhere_is_told_once_with_file_and_line(tmp_path):
    (tmp_path / 'there.png').write_bytes(b'PNG')
    (tmp_path / 'a page.md').write_text(
        f'---\ntitle: A page\n---\n\n{CELL}\nText.\n\n    an indented line\n\n'
        'With [**:numref:`sec_no`**] and\n:numref:`sec_no`.\n'
        '![one](there.png) ![two](img/no.png) <img src="no.svg"> ![w](https://example.org/x.png)\n'
        '```\n:ref:`in_code`\n```\n:cite:`Key.2001`\n'
    )
    page = read_page(tmp_path / 'a page.md')
    found = [problem.rpartition('/a page.md:')[2] for problem in Book({Path('a'): page}).problems()]
    assert found == [
        '13: No page of this run has the label sec_no; words stand in place of a link.',
        '15: There is no picture img/no.png beside the page.',
        '15: There is no picture no.svg beside the page.',
    ]


BIB = r"""
@inproceedings{Vapnik.1992, author={Vapnik, Vladimir and {\"O}zg{\"u}r, B.},
  title={Principles of {R}isk}, booktitle={NIPS}, year={1992}}
@article{two, author={Vapnik, V. and {\"O}zg{\"u}r, B.}, title={Another}, journal={J}, year={1992}}
@article{brief, author={van der Berg, A and B, C and D, E}, title={No_journal}, year={2001}}
@misc{unused, author={Un, Used}, title={Never cited}, year={1900}}
"""


def test_citations_lead_to_the_list_of_references(tmp_path):
    (tmp_path / 'refs.bib').write_text(BIB)
    cites = '# A\n\nSee :cite:`Vapnik.1992, brief`; :citet:`two` and :citep:`no_such`.'
    pages = {
        Path('a.md'): parse_page(f'{cites}\n\n{CELL}', tmp_path / 'a.md'),
        Path('end/refs.md'): parse_page(
            f'# References\n\n{CELL}\n:bibliography:`../refs.bib`', tmp_path / 'end/refs.md'
        ),
    }
    (tmp_path / 'end').mkdir()
    book = Book(pages)
    assert to_markdown(
        pages[Path('a.md')].parts[0].text, book.references(Path('a.md'), '.html')
    ) == (
        '# A\n\nSee ([Vapnik and Özgür, 1992b](end/refs.html#cite-Vapnik.1992); '
        '[van der Berg et al., 2001](end/refs.html#cite-brief)); '
        '[Vapnik and Özgür (1992a)](end/refs.html#cite-two) and (no\\_such).'
    )
    written = to_markdown(
        pages[Path('end/refs.md')].parts[-1].text, book.references(Path('end/refs.md'), '.html')
    )
    brief, *others = written.split('\n')
    assert brief.startswith('- <a id="cite-brief"></a>') and 'No\\_journal. 2001.' in brief
    assert others == [
        '- <a id="cite-two"></a>V\\. Vapnik and B\\. Özgür\\. Another\\. *J*, 1992a\\.',
        '- <a id="cite-Vapnik.1992"></a>Vladimir Vapnik and B\\. Özgür\\. Principles of Risk\\. '
        'In *NIPS*\\. 1992b\\.',
    ]
    assert list(book.problems()) == [f'{tmp_path}/a.md:3: No bibliography of this run has no_such.']


@pytest.mark.parametrize(
    'content, message',
    [(None, 'Cannot read refs.bib: No such file'), ('@article{a', 'is no BibTeX')],
)
def test_a_bibtex_file_that_cannot_be_read_is_told(tmp_path, content, message):
    if content:
        (tmp_path / 'refs.bib').write_text(content)
    page = parse_page(f'{CELL}\n:cite:`A.2001`\n\n:bibliography:`refs.bib`', tmp_path / 'a.md')
    (problem,) = Book({Path('a.md'): page}).problems()
    assert problem.startswith(f'{tmp_path}/a.md:7: ') and message in problem


def test_a_list_on_a_page_without_cells_is_not_linked_from_one_tab(tmp_path):
    (tmp_path / 'refs.bib').write_text(BIB)
    text = ':bibliography:`refs.bib`'
    pages = {
        Path('a.md'): parse_page(f':citet:`brief`\n\n{CELL}', tmp_path / 'a.md'),
        Path('refs.md'): parse_page(text, tmp_path / 'refs.md', prose=True),
    }
    book = Book(pages)
    assert plain(book, 'a') == '[van der Berg et al. (2001)](refs.html#cite-brief)'
    assert plain(book, 'a', '.jax.md', tab='jax') == 'van der Berg et al. (2001)'
    assert plain(book, 'refs').startswith('- <a id="cite-brief">')


def test_pictures_go_along_under_names_of_their_own(tmp_path):
    for name in 'a/p q.svg', 'b/p q.svg', 'b/text.txt':
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('')
    text = '![x $y$](a/p%20q.svg "t") [**<img alt="" src="b/p q.svg">**] ![](a/p%20q.svg) '
    text += '![](b/text.txt) ![](no.png) `![](a/p%20q.svg)`'
    page, along = parse_page(f'{text}\n{CELL}', tmp_path / 'l.md'), TakenAlong(tmp_path, 'l.jax')
    references = Book({Path('l.md'): page}).references(Path('l.md'), '.md', picture=along)
    assert to_markdown(page.parts[0].text, references) == (
        '![x $y$](l.jax_files/p%20q.svg "t") **<img alt="" src="l.jax_files/p%20q-2.svg">** '
        '![](l.jax_files/p%20q.svg) ![](b/text.txt) ![](no.png) `![](a/p%20q.svg)`'
    )
    assert along.files == {
        'l.jax_files/p q.svg': tmp_path / 'a/p q.svg',
        'l.jax_files/p q-2.svg': tmp_path / 'b/p q.svg',
    }
