"""Quarto's marks become the book's; what is not rendered is told, with its line."""

from pathlib import Path

import pytest

from d2lite.pages.reading.book import Book
from d2lite.pages.reading.conventions import Conventions
from d2lite.pages.reading.page import Prose, parse_page, read_page
from d2lite.pages.reading.quarto import as_marks
from d2lite.pages.reading.references import to_markdown

PAGE = """\
---
bibliography: refs.bib
---
# Title {#sec-one .unnumbered}

See @sec-one, @fig-cat, @eq-loss and @tbl-a; `@sec-one`, $a@sec-b$, me@fig-x.com.

![A cat](cat.svg){#fig-cat width=50%}

$$a = b$$ {#eq-loss}

| a | b |
|---|---|
| 1 | 2 |

: Numbers {#tbl-a}

::: {.callout-note title="Mind"}
Text.

```text
@sec-one
```
:::

::: {.panel-tabset}
Both.
:::

{{< include other.md >}}

```python
import torch
```

```text
{{< include in_code.md >}}
```
"""


@pytest.mark.parametrize(
    'quarto, mark',
    [
        ('## A {#sec-a}', '## A :label:`sec-a`'),
        ('## A {.unnumbered}', '## A'),
        ('[@sec-a] and -@fig-b', ':numref:`sec-a` and -:numref:`fig-b`'),
        ('([@eq-c])', '(:eqref:`eq-c`)'),
        ('[@Knuth1984]', ':cite:`Knuth1984`'),
        ('[-@Knuth; @Vapnik.1995]', ':cite:`Knuth, Vapnik.1995`'),
        ('[see @Knuth, p. 3]', 'see :cite:`Knuth`, p. 3'),
        ('@Knuth1984 says', ':citet:`Knuth1984` says'),
        ('a@b.com, `[@a]`, [@text](a.md), @save', 'a@b.com, `[@a]`, [@text](a.md), @save'),
        ('{{< video https://a.org/b >}}', '<https://a.org/b>'),
        ('::: {#refs}\n:::', ':bibliography:`refs.bib`\n'),
        (
            '::: {.callout-tip}\nA\n::: {.callout-warning}\nB\n:::\n:::',
            '!!! tip "Tip"\n    A\n    !!! warning "Warning"\n        B\n\n',
        ),
    ],
)
def test_marks(quarto, mark):
    assert as_marks(quarto, ['refs.bib']) == mark


def test_a_page_of_quarto_is_rendered_and_told(tmp_path):
    page = parse_page(PAGE, tmp_path / 'page.md', conventions=Conventions('all'))
    place = Path('page.md')
    book = Book({place: page})
    text = to_markdown(page.parts[0].text, book.references(place, '.html'))
    for line in [
        'See [Title](#sec-one), [Figure 1](#fig-cat), [(1)](#eq-loss) and [Table 1](#tbl-a); '
        '`@sec-one`, $a@sec-b$, me@fig-x.com.',
        '<a id="fig-cat"></a>**Figure 1:** A cat',
        '$$a = b \\tag{1}$$',
        '<a id="tbl-a"></a>**Table 1:** Numbers',
        '!!! note "Mind"',
        '    @sec-one',
    ]:
        assert line in text.split('\n'), line
    assert ': Numbers' not in text and ':Numbers' not in text.split('\n')
    problems = [problem.replace(str(tmp_path), '') for problem in book.problems()]
    assert problems == [
        '/page.md:8: There is no picture cat.svg beside the page.',
        '/page.md:26: Of ::: {.panel-tabset} only the text is kept.',
        '/page.md:30: The shortcode include of Quarto is not rendered.',
    ]


QUARTO_BOOK = """\
bibliography: [refs.bib, more/refs.bib]
book:
  chapters: [index.md, part/one.md, end.md]
"""


def quarto_book(folder, end):
    (folder / 'part').mkdir()
    (folder / 'more').mkdir()
    (folder / '_quarto.yml').write_text(QUARTO_BOOK)
    (folder / 'refs.bib').write_text('@misc{a, author={A, B}, title={First}, year={2001}}')
    (folder / 'more/refs.bib').write_text('@misc{b, author={C, D}, title={Second}, year={2002}}')
    (folder / 'part/one.md').write_text('# One\n\n[@a; @b] and @a2.\n\n```python\n1\n```\n')
    (folder / 'end.md').write_text(f'# End\n\n{end}\n')
    places = [Path('part/one.md'), Path('end.md')]
    return Book({place: read_page(folder / place, prose=True) for place in places})


def written(book, place):
    (text, *_) = book.pages[Path(place)].parts
    return to_markdown(text.text, book.references(Path(place), '.html'))


def test_the_bibliography_of_a_quarto_book(tmp_path):
    book = quarto_book(tmp_path, '::: {#refs}\n:::')
    assert '([A, 2001](../end.html#cite-a); [C, 2002](../end.html#cite-b)) and a2' in written(
        book, 'part/one.md'
    )
    first, second = written(book, 'end.md').strip().split('\n')[-2:]
    assert first.startswith('- <a id="cite-a"></a>B') and 'First' in first
    assert second.startswith('- <a id="cite-b"></a>D') and 'Second' in second
    assert list(book.problems()) == [
        f'{tmp_path}/part/one.md:3: No bibliography of this run has a2.'
    ]


def test_citations_without_a_list_are_worded_by_the_bibliography(tmp_path):
    book = quarto_book(tmp_path, 'No list.')
    assert '(A, 2001; C, 2002) and a2' in written(book, 'part/one.md')
    (tmp_path / 'more/refs.bib').unlink()
    (problem,) = Book(book.pages).problems()
    assert problem.startswith(f'{tmp_path}/part/one.md:3: Cannot read refs.bib: No such file')


def test_pages_of_the_older_edition_stay_as_they_are():
    page = parse_page('@Knuth1984 {#sec-a} ::: {{< video x >}}\n\n```python\n1\n```\n')
    assert page.parts[0] == Prose('@Knuth1984 {#sec-a} ::: {{< video x >}}', None, 1)
