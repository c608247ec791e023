"""The book's marks in prose become plain Markdown; code and mathematics stay as they are."""

import pytest

from d2lite.pages.reading.page import parse_page
from d2lite.pages.reading.references import find_labels, to_markdown

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
    assert to_markdown(marked, {}) == plain


def test_labels_of_the_page_become_links():
    page = parse_page(
        '# The [**Title**] $x$\n:label:`sec_title`\n\n' + CELL + '$$a$$\n:eqlabel:`eq_a`\n'
        '$$b$$ :eqlabel:`eq_b`\n\n![A picture](p.svg)\n:width:`10px`\n:label:`fig_p`\n\n'
        '    :label:`code`\n\nSee :numref:`sec_title`, :eqref:`eq_b`, :numref:`fig_p`, :ref:`code`.'
    )
    labels = find_labels(page.parts)
    assert list(labels) == ['sec_title', 'eq_a', 'eq_b', 'fig_p']
    first, _, rest = page.parts
    assert to_markdown(first.text, labels) == '# The **Title** $x$ <a id="sec_title"></a>'
    assert to_markdown(rest.text, labels) == (
        '$$a$$\n<a id="eq_a"></a>(1)\n$$b$$ <a id="eq_b"></a>(2)\n\n![A picture](p.svg)\n\n'
        '<a id="fig_p"></a>*Figure 1: A picture*\n\n'
        '    :label:`code`\n\nSee [The Title $x$](#sec_title), [(2)](#eq_b), [Figure 1](#fig_p), '
        '“code”.'
    )
