"""The web page of a run: what is in the file, before any browser looks at it."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbformat import v4
from results import LESSON, PLOT, display, lesson_outputs, ran, stream

from d2lite.pages.export.html import page_html
from d2lite.pages.export.mathematics import FormulaError, to_mathml
from d2lite.pages.export.outputs import plain_text
from d2lite.pages.export.prose import ProseRenderer
from d2lite.pages.reading.references import to_markdown
from d2lite.pages.rewriting.overrides import Override
from d2lite.pages.running.result import Failure

VOID = set('area base br col embed hr img input link meta source track wbr'.split())


class Tree(HTMLParser):
    """Elements in order, as (name, attributes, text inside); checks that every one is closed."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(html)
        self.close()
        assert not self.open, f'not closed: {self.open[-1][0]}'

    def handle_starttag(self, name, attributes):
        element = [name, dict(attributes), '']
        self.elements.append(element)
        if name not in VOID:
            self.open.append(element)

    def handle_endtag(self, name):
        assert self.open[-1][0] == name, f'<{self.open[-1][0]}> is closed by </{name}>'
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def all(self, name, **attributes):
        return [
            element
            for element in self.elements
            if element[0] == name
            and all(
                element[1].get(key.rstrip('_').replace('_', '-')) == value
                for key, value in attributes.items()
            )
        ]


def cell(code, tabs='all'):
    return f'```{{.python .input}}\n%%tab {tabs}\n{code}\n```\n'


@pytest.fixture(scope='module')
def lesson():
    return page_html(ran(LESSON, lesson_outputs))


def test_prose_comes_once_and_code_for_each_tab(lesson):
    tree = Tree(lesson)
    assert lesson.count('Prose for all') == 1
    assert [h[2].strip() for h in tree.all('h1')] == ['A lesson']
    panels = {e[1]['id']: e[2].split() for e in tree.all('div', role='tabpanel')}
    first = {tab: panels[f'd2lite-cell-2-{tab}'] for tab in ('mxnet', 'pytorch', 'tensorflow')}
    assert first == {
        'mxnet': ['MXNet', 'import', 'mxnet', '#', 'the', 'first'],
        'pytorch': ['PyTorch', 'import', 'torch'],
        'tensorflow': ['TensorFlow', 'import', 'tensorflow'],
    }
    assert panels['d2lite-cell-2-jax'] == ['JAX', 'import', 'jax']
    assert 'load_ext' not in lesson and '%%tab' not in lesson and '#@save' not in lesson
    assert lesson.count('to see') == 1  # a shared cell without outputs has no tabs


def test_a_shared_cell_has_its_code_once_and_the_output_of_every_tab(lesson):
    tree = Tree(lesson)
    (section,) = tree.all('div', role='group', aria_label='Cell 6')
    assert section[2].count('trainer') == 1
    plots = [attributes for _, attributes, _ in tree.all('img', class_='plot')]
    pictures = [base64.b64decode(p['src'].partition('base64,')[2]).decode() for p in plots]
    tabs = ['mxnet', 'pytorch', 'tensorflow', 'jax']
    assert all(f'loss of {tab}' in picture for tab, picture in zip(tabs, pictures, strict=True))
    assert plots[1]['alt'] == 'Plot (epoch, loss of pytorch), output of cell 6 on PyTorch'
    for number in ('loss 0.5', 'loss 0.25', 'loss 0.375'):
        assert number in section[2]


def test_ids_are_unique_and_all_references_lead_somewhere(lesson):
    tree = Tree(lesson)
    ids = [attributes['id'] for _, attributes, _ in tree.elements if 'id' in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes, _ in tree.elements:
        for key in 'aria-controls', 'aria-labelledby':
            assert attributes.get(key, ids[0]) in ids
        if attributes.get('href', '').startswith('#'):
            assert attributes['href'][1:] in ids
    assert 'sec_training' in ids


def test_table_of_what_ran(lesson):
    tree = Tree(lesson)
    text = ' '.join(tree.all('section')[0][2].split())
    assert 'PyTorch 7.0 cpu 4 of 4 1 0.25 1.5 passed' in text
    assert 'The final training loss is the same on all tabs.' in text
    assert (
        'The tabs differ in the final validation loss by up to 0.25, which is 50 % '
        '(PyTorch 0.25, MXNet 0.5).' in text
    )


def test_losses_that_round_alike_agree_and_those_that_are_not_finite_are_told():
    results = ran(LESSON, tabs=['pytorch', 'jax'])
    losses = [result.values['history'][0] for result in results]
    losses[1]['val_loss'] = losses[0]['val_loss'] * (1 + 1e-7)
    html = page_html(results)
    assert 'The tabs agree in the final validation loss to 2.5e-08 (relatively 1e-07).' in html
    losses[1]['val_loss'] = float('nan')
    assert 'The final validation loss is not finite on every tab.' in page_html(results)


def test_failures_and_changes_are_told():
    results = ran(LESSON, lesson_outputs)
    results[1].error = Failure(None, None, 'BackendError', 'no <torch>')
    results[1].cells_run = 0
    results[2].overridden = [Override('n', '3', "'<1>'", 2, 7)]
    html = page_html(results)
    Tree(html)
    assert '<strong>PyTorch failed.</strong> BackendError: no &lt;torch&gt;' in html
    assert 'n = &#39;&lt;1&gt;&#39; instead of 3 (line 7 of the page).' in html
    assert html.count('Not run: the run of this tab ended before.') == 3


def test_a_page_with_one_tab_needs_no_choice():
    html = page_html(ran(LESSON, lesson_outputs, tabs=['jax']))
    Tree(html)
    assert 'role="tab' not in html and 'type="radio"' not in html
    assert 'Prose that only JAX has' in html and 'import mxnet' not in html


@pytest.mark.parametrize(
    'markdown',
    [
        '<script>alert(1)</script>',
        '<img src=x onerror=alert(1)>',
        '[a](javascript:alert(1)) <a href=" java\nscript:alert(1)">b</a>',
        '<a href="data:text/html,<script>alert(1)</script>">a</a>',
        '<svg onload=alert(1)><script>alert(1)</script></svg>',
        '<iframe src="https://example.org"></iframe><object data=x></object><embed src=x>',
        '<style>body{display:none}</style><p style="position:fixed">p</p>',
        '<form action="https://example.org"><button>b</button></form>',
        '<meta http-equiv=refresh content="0;url=https://example.org"><base href="//x">',
        '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
        '![a](https://example.org/a.png) <img src="//example.org/a.png">',
        '$\\text{<img src=x onerror=alert(1)>}$ $\\href{javascript:alert(1)}{x}$',
        '<p id="d2lite-content" class="bar" data-tab="jax" role="tab">a</p>',
        '# <img src=x onerror=alert(1)>',
        '```"><script>alert(1)</script>\n<script>alert(1)</script>\n```',
        '</main></body><script>alert(1)</script>',
        '\ue0000\ue001',
    ],
)
@pytest.mark.filterwarnings('ignore:.*shown as TeX')
@pytest.mark.parametrize('place', ['prose', 'html', 'markdown', 'stdout'])
def test_text_brings_nothing_that_runs_or_loads(markdown, place):
    """Whatever stands in the prose or comes out of a cell: only our script, style and buttons."""
    prose = f'# Title\n\n{markdown}\n\n' if place == 'prose' else '# Title\n\n'
    output = {
        'html': display(text_html=markdown, text_plain='plain'),
        'markdown': display(text_markdown=markdown),
        'stdout': stream(markdown),
    }.get(place)
    html = page_html(ran(prose + cell('1', 'jax'), lambda *_: [output] if output else []))
    elements = re.sub(r'<annotation.*?</annotation>', '', html, flags=re.S)
    tree = Tree(elements)
    assert len(tree.all('script')) == len(tree.all('style')) == len(tree.all('main')) == 1
    for name, attributes, _ in tree.elements:
        assert name not in 'iframe object embed form base svg link frame button input'.split()
        assert not [key for key in attributes if key.startswith('on') or key == 'style']
        assert not attributes.get('src', 'data:').startswith(('http', '/'))
        assert attributes.get('href', '#').startswith(('#', 'http')), attributes
        if name == 'meta':
            assert attributes.get('http-equiv') in (None, 'Content-Security-Policy')
    assert len([e for e in tree.elements if e[1].get('id') == 'd2lite-content']) == 1
    for key in 'data-tab', 'role':
        marked = [e for e in tree.elements if e[1].get(key) in ('jax', 'tab')]
        assert marked == []


def prose(*blocks):
    renderer = ProseRenderer(Path('page.md'))
    return [renderer(to_markdown(block)) for block in blocks]


def test_prices_are_no_formulas():
    (html,) = prose('Pay $200,000 for it, where $x$ is, 或$5元，其中$y$是')
    assert html.count('<math') == 2
    assert 'Pay $200,000 for it, where <math' in html and '或$5元，其中<math' in html


def test_bold_beside_full_width_punctuation():
    (html,) = prose('[**重点。**]然后**注意：**这里，*“学习”*是（**甲**）')
    assert html == (
        '<p><strong>重点。</strong>然后<strong>注意：</strong>这里，'
        '<em>“学习”</em>是（<strong>甲</strong>）</p>\n'
    )


def test_words_go_on_over_the_end_of_a_line_in_scripts_without_spaces():
    assert prose('深度\n学习，\n*机器*\n学习 and\nmore\n学习', '한국\n어') == [
        '<p>深度学习，<em>机器</em>学习 and\nmore\n学习</p>\n',
        '<p>한국\n어</p>\n',
    ]


@pytest.mark.parametrize(
    'heading, anchor',
    [
        ('线性回归 的：实现', '线性回归-的-实现'),
        ('Öğrenme Hızı', 'öğrenme-hızı'),
        ('Mo\u0302 hi\u0300nh', 'm\u00f4-h\u00ecnh'),  # marks of their own, as some editors write
        ('हिन्दी पाठ', 'हिन्दी-पाठ'),
        ('!?', 'section'),
    ],
)
def test_anchors_keep_the_letters_of_every_script(heading, anchor):
    assert prose(f'## {heading}')[0].startswith(f'<h2 id="{anchor}">')
    renderer = ProseRenderer(Path('page.md'))
    assert [renderer.anchor(heading), renderer.anchor(heading)] == [anchor, f'{anchor}-2']


def test_an_svg_stays_in_its_picture():
    svg = PLOT.replace('<defs>', '<script>alert(1)</script><defs onload="alert(1)">')
    html = page_html(ran(cell('1', 'jax'), lambda *_: [display(image_svg=svg)]))
    assert '<svg' not in html and 'alert' not in html


def test_pictures_of_the_folder_are_embedded(tmp_path):
    (tmp_path / 'a b.png').write_bytes(b'PNG')
    (tmp_path / 'secret.txt').write_text('secret')
    prose = (
        '![one](a%20b.png) <img src="a b.png" alt="two"> ![three](secret.txt) ![four](no.png)\n\n'
    )
    html = page_html(ran(prose + cell('1', 'jax'), path=tmp_path / 'lesson.md'))
    images = {e[1]['alt']: e[1]['src'] for e in Tree(html).all('img')}
    data = 'data:image/png;base64,' + base64.b64encode(b'PNG').decode()
    assert images == {'one': data, 'two': data}
    assert '<em>[three]</em> <em>[four]</em>' in html


def test_outputs_of_every_kind():
    png = base64.b64encode(b'PNG').decode()
    outputs = [
        stream('out\r\x1b[31mred\x1b[0m <b>\n'),
        stream('warning\n', 'stderr'),
        v4.new_output(
            'display_data', data={'image/png': png + '\n'}, metadata={'image/png': {'width': 30}}
        ),
        display(text_html='<table><tr><td onclick=x>1</td></tr></table>', text_plain='no'),
        display(text_html='<script>plot()</script>', text_plain='instead of the script'),
        display(text_latex='$\\alpha$'),
        display(application_json='{}', text_plain='of json'),
        v4.new_output(
            'error', ename='E', evalue='v', traceback=['\x1b[0;31mTraceback\x1b[0m', 'E: v']
        ),
    ]
    html = page_html(ran(cell('1', 'jax'), lambda *_: outputs))
    tree = Tree(html)
    texts = {e[1]['class']: e[2] for e in tree.all('pre') if e[1]['class'] in ('stderr', 'error')}
    assert texts == {'stderr': 'warning', 'error': 'Traceback\nE: v'}
    printed = [e[2] for e in tree.all('pre') if e[1]['class'] == 'stdout']
    assert printed == ['red <b>', 'instead of the script', 'of json']
    assert f'src="data:image/png;base64,{png}"' in html and 'width="30"' in html
    assert '<td>1</td>' in html
    assert tree.all('math')


def test_text_as_a_terminal_leaves_it():
    assert plain_text('10%\r50%\r100%\ndone\r\n') == '100%\ndone'
    assert plain_text('\x1b]0;title\x07\x1b[1;31mbold\x1b[0m\x00') == 'bold'


@pytest.mark.parametrize(
    'tex, piece',
    [
        (r'\frac{a}{b}', '<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>'),
        (r'\begin{aligned} a &= b \\ c &= d \end{aligned}', '</mtr><mtr>'),
        (r'\begin{equation} a \end{equation}', '<mi>a</mi>'),
        ('a < b', '<mo>&lt;</mo>'),
        (r'\text{x<y}', '<mtext>x&lt;y</mtext>'),
        (r'\mathbf{x}', '<mi>𝐱</mi>'),
    ],
)
def test_formulas(tex, piece):
    mathml = to_mathml(tex, block=True)
    assert mathml.startswith('<math display="block">') and piece in mathml
    Tree(mathml)
    assert 'encoding="application/x-tex"' in mathml


def test_a_formula_that_is_not_understood_is_shown_as_tex_and_told():
    with pytest.raises(FormulaError, match=r'\\nonsense is not known'):
        to_mathml(r'\nonsense{x}')
    with pytest.warns(UserWarning, match=r'lesson.md: shown as TeX, for \\nonsense is not known'):
        html = page_html(ran('$\\nonsense <b>$\n\n' + cell('1', 'jax')))
    assert '<code>\\nonsense &lt;b&gt;</code>' in html


def test_the_formulas_of_all_lessons(recwarn):
    from pathlib import Path

    from d2lite.pages.reading.page import read_page

    for path in sorted((Path(__file__).parent.parent.parent / 'notebooks').glob('*.md')):
        page = read_page(path)
        html = page_html(ran(page.text, path=path))
        shown = len(re.findall('<math', html))
        prose = ''.join(part.text for part in page.parts if not hasattr(part, 'source'))
        assert shown >= len(re.findall(r'\$\$', prose)) / 2
    assert [str(w.message) for w in recwarn if w.category is UserWarning] == []


def test_outputs_that_an_exported_page_brings_make_room_for_the_new_ones():
    old = '    X = 1\n\n\n\n![svg](page_files/a.svg)\n\n'
    old += 'Text.\n\n    indented\n\n![x](page_files/b.svg)\n'
    html = page_html(ran(f'```python\n1\n```\n\n{old}', tabs=['jax']))
    main = html[html.index('<div class="cell"') :]
    assert 'X = 1' not in main and main.count('<em>[') == 1
    assert 'Text.' in main and 'indented' in main
    html = page_html(ran(cell('1', 'jax') + old))  # a page with tabs is written by hand
    assert 'X = 1' in html
