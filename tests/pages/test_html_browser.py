"""The web page of a run in a browser: switching tabs, keyboard, phone, darkness, no network."""

import re
from pathlib import Path

import pytest
from browser import missing
from contract import BACKENDS, require
from nbformat import v4
from results import LESSON, PLOT, display, lesson_outputs, ran, stream

from d2lite.pages.export.html import page_html
from d2lite.pages.reading.book import Book
from d2lite.pages.running.collect import collect
from d2lite.pages.running.kernel import wait_for
from d2lite.pages.running.progress import Reporter
from d2lite.pages.running.tabs import run_tabs

TABS = ['mxnet', 'pytorch', 'tensorflow', 'jax']
SCRATCH = Path(__file__).parent.parent.parent / 'notebooks/linear-regression-scratch.md'


@pytest.fixture
def visit(browser, tmp_path):
    """Opens HTML in a page of a browser of its own; at the end nothing may have gone wrong."""
    contexts, problems = [], []

    def visit(html, address='', **options):
        path = tmp_path / 'page.html'
        path.write_text(html)
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on('console', lambda message: problems.append(f'console: {message.text}'))
        page.on('pageerror', lambda error: problems.append(f'error: {error}'))
        page.on(
            'request',
            lambda request: (
                request.url.startswith(('file:', 'data:'))
                or problems.append(f'request: {request.url}')
            ),
        )
        page.goto(f'file://{path}{address}')
        return page

    yield visit
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope='module')
def lesson():
    return page_html(ran(LESSON, lesson_outputs))


def shown(page):
    """The tabs whose panels are seen, and those that the buttons and the bar say are chosen."""
    panels = page.locator('.of-tab:visible').evaluate_all('all => all.map(e => e.dataset.tab)')
    buttons = page.locator('[role=tab][aria-selected=true]')
    chosen = buttons.evaluate_all('all => all.map(e => e.dataset.tab)')
    bar = page.locator('.choice input:checked').evaluate_all('all => all.map(e => e.value)')
    return set(panels), set(chosen), bar


def test_switching_a_tab_switches_every_cell(visit, lesson):
    page = visit(lesson)
    for tab in ['mxnet', 'pytorch', 'tensorflow', 'jax']:
        page.locator(f'#d2lite-cell-6-{tab}-tab').click()
        assert shown(page) == ({tab}, {tab}, [tab])
        assert page.locator(f'#d2lite-cell-2-{tab}').is_visible()
        assert page.locator('.plot:visible').count() == 1
        assert page.evaluate('location.hash') == f'#tab={tab}'
    page.get_by_label('PyTorch').first.check()
    assert shown(page) == ({'pytorch'}, {'pytorch'}, ['pytorch'])


def test_the_first_tab_at_first_then_the_remembered_one_and_the_address_above_all(visit, lesson):
    page = visit(lesson)
    assert shown(page)[2] == ['mxnet']
    assert '#' not in page.url
    page.locator('#d2lite-cell-6-jax-tab').click()
    page.reload()
    assert shown(page) == ({'jax'}, {'jax'}, ['jax'])
    other = page.context.new_page()
    address = page.url.partition('#')[0]
    other.goto(address)
    assert shown(other)[2] == ['jax']
    other.goto('about:blank')
    other.goto(f'{address}#tab=pytorch')
    assert shown(other)[2] == ['pytorch']
    other.goto(f'{address}#tab=mxnet')  # only the address changes
    assert shown(other)[2] == ['mxnet']
    other.goto(f'{address}#tab=keras')
    assert shown(other)[2] == ['mxnet']  # nobody has that tab: all stays as it is


def test_the_address_leads_to_a_section_and_a_tab(visit, lesson):
    page = visit(lesson, '#sec_training&tab=jax', viewport={'width': 900, 'height': 400})
    assert shown(page)[2] == ['jax']
    top = 'document.getElementById("sec_training").getBoundingClientRect().top'
    assert 0 <= page.evaluate(top) < 150
    page.locator('#d2lite-cell-6-mxnet-tab').click()
    assert page.evaluate('location.hash') == '#sec_training&tab=mxnet'  # page.url comes later
    page.evaluate('scrollTo(0, 0)')
    page.get_by_role('link', name='Training').click()
    assert page.evaluate('location.hash') == '#sec_training&tab=mxnet'  # page.url comes later
    assert 0 <= page.evaluate(top) < 150


def test_keyboard(visit, lesson):
    page = visit(lesson)
    page.keyboard.press('Tab')
    skip = page.locator(':focus')
    assert skip.inner_text() == 'Skip to the lesson' and skip.bounding_box()['y'] >= 0
    page.keyboard.press('Tab')
    page.keyboard.press('ArrowRight')  # the bar is a group of radio buttons
    assert shown(page)[2] == ['pytorch']
    page.locator('#d2lite-cell-6-pytorch-tab').focus()
    for key, tab in [
        ('ArrowRight', 'tensorflow'),
        ('End', 'jax'),
        ('ArrowRight', 'mxnet'),
        ('ArrowLeft', 'jax'),
        ('Home', 'mxnet'),
    ]:
        page.keyboard.press(key)
        assert page.evaluate('document.activeElement.id') == f'd2lite-cell-6-{tab}-tab'
        assert shown(page) == ({tab}, {tab}, [tab])
    stops = page.locator('#d2lite-cell-6-mxnet-tab').locator('..').locator('[tabindex="0"]')
    assert stops.count() == 1


def test_what_was_used_stays_where_it_is_on_the_screen(visit, lesson):
    page = visit(lesson, '#tab=mxnet', viewport={'width': 700, 'height': 500})
    # What some browsers do by themselves, and others do not.
    page.evaluate('document.documentElement.style.overflowAnchor = "none"')
    page.locator('#d2lite-cell-6-jax-tab').scroll_into_view_if_needed()
    before = page.locator('#d2lite-cell-6-jax-tab').bounding_box()['y']
    page.locator('#d2lite-cell-6-jax-tab').click()  # prose and a cell appear above
    assert page.locator('#d2lite-cell-6-jax-tab').bounding_box()['y'] == pytest.approx(
        before, abs=1
    )


def test_a_cell_of_another_tab_says_so_in_one_line(visit, lesson):
    page = visit(lesson)
    only = page.get_by_label('Cell 5', exact=True)
    assert only.bounding_box()['height'] < 60
    assert only.locator('[role=tab]').inner_text() == 'JAX'
    words = 'getComputedStyle(document.querySelector(".elsewhere"), "::before").content'
    assert page.evaluate(words) == '"Only for"'
    only.locator('[role=tab]').click()
    assert 'printed on jax' in only.inner_text()


def test_what_is_too_wide_can_be_scrolled_by_keys(visit, lesson):
    page = visit(lesson, '#tab=jax', viewport={'width': 360, 'height': 700})
    stops = page.locator('pre:visible').evaluate_all(
        'all => all.map(e => [e.innerText, e.tabIndex])'
    )
    assert {text[:12]: index for text, index in stops} == {
        'import jax': -1,
        "print('only ": 0,
        'printed on j': -1,
        'trainer.fit(': -1,
        'loss 0.5': -1,
        "nothing = 't": -1,
    }


def test_names_and_states_for_a_screen_reader(visit, lesson):
    page = visit(lesson, '#tab=jax')
    panel = page.get_by_role('tabpanel', name='JAX').last
    assert panel.is_visible()
    assert page.get_by_role('group', name='Cell 6').is_visible()
    assert page.get_by_role('tablist', name='Output of cell 6 by framework').is_visible()
    for role in 'main', 'navigation':
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role('radio').count() == 4
    assert page.get_by_role('img', name='Plot (epoch, loss of jax)').count() == 1


def test_readable_without_javascript(visit, lesson):
    page = visit(lesson, java_script_enabled=False)
    text = page.locator('main').inner_text()
    assert [text.count(f'import {name}') for name in ('mxnet', 'torch', 'tensorflow')] == [1, 1, 1]
    assert text.count('loss 0.') == 4
    assert page.locator('.plot').count() == 4
    assert page.get_by_text('PyTorch', exact=True).last.is_visible()
    assert not page.locator('.bar, .tabs').first.is_visible()


@pytest.mark.parametrize('width', [360, 1280])
@pytest.mark.parametrize('script', [True, False])
def test_nothing_makes_the_page_scroll_sideways(visit, lesson, width, script):
    size = {'width': width, 'height': 700}
    page = visit(lesson, '#tab=jax', viewport=size, java_script_enabled=script)
    # Not scrollWidth of the document: it says nothing without JavaScript of the page.
    for part in page.locator('main > *, .bar, .run > *, .cell > *, .prose > *').all():
        box = part.bounding_box() if part.is_visible() else None
        assert not box or box['x'] + box['width'] <= width, part.evaluate('e => e.outerHTML')[:200]
    if script:
        assert page.evaluate('document.documentElement.scrollWidth') == width


CONTRAST = """
() => {
  const luminance = c => {
    const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [r, g, b] = c.map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const color = numbers(getComputedStyle(element).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const worst = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [numbers(getComputedStyle(element).color), behind(element)].map(luminance);
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const name = element.tagName + '.' + element.className;
    worst[name] = Math.min(ratio, worst[name] || 99);
  }
  return worst;
}
"""


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_contrast(visit, scheme):
    code = '@f\ndef f(x):  # why\n    """s"""\n    return None if x is 1.5 else "a" + f"{x}"\n'
    code += '%time\nclass A: pass'
    outputs = [
        stream('out\n'),
        stream(''.join(f'\x1b[{30 + n}mtext\x1b[0m \x1b[{40 + n}mtext\x1b[0m ' for n in range(8))),
        stream('many\n' * 50),
        stream('warning\n', 'stderr'),
        v4.new_output('error', ename='E', evalue='v', traceback=['E: v']),
    ]
    text = LESSON + '> quoted [link](#a) `code`[^1]\n\n[^1]: note\n\n## Another\n\n'
    text += ''.join(f'!!! {kind}\n    A [link](#a).\n\n' for kind in ('note', 'warning', 'error'))
    text += f'$$x$$\n:eqlabel:`eq_x`\n\n```{{.python .input}}\n%%tab all\n{code}\n```\n'
    results = ran(text, lambda tab, cell: outputs if '@f' in cell.source else [])
    results[1].cells_run = 1
    page = visit(page_html(results), '#tab=pytorch', color_scheme=scheme)
    background = page.evaluate('getComputedStyle(document.body).backgroundColor')
    assert (background == 'rgb(255, 255, 255)') == (scheme == 'light')
    ratios = page.evaluate(CONTRAST)
    assert len(ratios) > 25
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}  # WCAG 2.2, AA


def test_print_shows_the_chosen_tab_with_its_name(visit, lesson):
    page = visit(lesson, '#tab=jax')
    page.emulate_media(media='print')
    assert not page.locator('.bar').is_visible()
    assert page.locator('.plot:visible').count() == 1
    assert page.locator('#d2lite-cell-6-jax .tab-name').is_visible()
    assert not page.locator('.copy:visible').count()


def test_print_shows_the_whole_of_a_long_output(visit):
    many = stream('\n'.join(f'line {n}' for n in range(60)))
    page = visit(page_html(ran('```python\n1\n```\n', lambda *_: [many], tabs=['jax'])))
    last = page.locator('pre.stdout').last
    assert not last.is_visible()
    page.get_by_text('45 more lines').click()
    assert last.is_visible()
    page.reload()
    page.emulate_media(media='print')
    assert page.locator('pre.stdout').last.evaluate('e => e.getBoundingClientRect().height') > 100


def test_code_can_be_copied(visit, lesson):
    page = visit(lesson, '#tab=pytorch', permissions=['clipboard-read', 'clipboard-write'])
    listing = page.locator('#d2lite-cell-2-pytorch .listing')
    button = listing.get_by_role('button', name='Copy this code')
    listing.hover()
    button.click()
    assert page.evaluate('navigator.clipboard.readText()') == 'import torch'
    assert button.inner_text() == 'Copied'


def test_contents_are_open_beside_the_page_and_closed_above_it(visit):
    text = LESSON.replace('## Training', '## A\n\n## Training')
    html = page_html(ran(text, lesson_outputs))
    for width, is_open in (1400, True), (700, False):
        page = visit(html, viewport={'width': width, 'height': 700})
        entry = page.locator('.contents').get_by_role('link', name='Training')
        assert page.locator('.contents').evaluate('e => e.open') == entry.is_visible() == is_open
    box, main = page.locator('.contents').bounding_box(), page.locator('main').bounding_box()
    assert box['x'] >= main['x']
    page = visit(html, viewport={'width': 1280, 'height': 700})
    box, main = page.locator('.contents').bounding_box(), page.locator('main').bounding_box()
    assert 0 <= box['x'] and box['x'] + box['width'] <= main['x'] + 20
    page.locator('.contents').get_by_role('link', name='Training').click()
    assert page.evaluate('location.hash') == '#training'


def test_another_page_opens_on_the_same_tab(visit, tmp_path):
    results = [ran(LESSON, lesson_outputs, path=f'{name}.md') for name in ('page', 'other')]
    book = Book({runs[0].place: runs[0].page for runs in results})
    (tmp_path / 'other.html').write_text(page_html(results[1], book))
    page = visit(page_html(results[0], book))
    page.locator('#d2lite-cell-6-jax-tab').click()
    page.get_by_role('link', name='A lesson →').first.click()
    page.wait_for_url('**/other.html#tab=jax')
    assert shown(page)[2] == ['jax']


INJECTIONS = """
<script>window.__pwned = 1</script>
<img src=x onerror="window.__pwned = 2"> <svg onload="window.__pwned = 3"></svg>
<a id="js" href="javascript:window.__pwned=4">link</a> [md](javascript:window.__pwned=5)
<iframe srcdoc="<script>parent.__pwned = 6</script>"></iframe>
<math><mtext><table><mglyph><style><img src=x onerror="window.__pwned = 7">
<p style="background:url(https://example.org/a.png)">p</p>
![remote](https://example.org/b.png)
<input autofocus onfocus="window.__pwned = 8">
<details open ontoggle="window.__pwned = 9">d</details>
</main></body><script>window.__pwned = 10</script>
"""


def test_nothing_that_a_page_says_or_prints_is_run(visit):
    """Not even the Content-Security-Policy has anything to do: it would say so on the console."""
    script = '<script>window.__pwned = 11</script><image href="https://a.b/c"/>'
    svg = PLOT.replace('<defs>', f'{script}<defs>')
    outputs = [
        display(text_html=INJECTIONS, text_plain='plain'),
        display(text_markdown=INJECTIONS),
        display(image_svg=svg.replace('<svg', '<svg onload="window.__pwned = 12"')),
        display(application_javascript='window.__pwned = 13', text_plain='js'),
        stream(INJECTIONS),
    ]
    prose = f'# Title <script>window.__pwned = 14</script>\n\n{INJECTIONS}\n\n'
    code = '"</script><script>window.__pwned = 15</script>"'
    text = f'{prose}```{{.python .input}}\n%%tab all\n{code}\n```\n'
    page = visit(page_html(ran(text, lambda *_: outputs, tabs=['jax', 'pytorch'])), '#tab=jax')
    page.evaluate("document.querySelectorAll('main a').forEach(link => link.click())")
    page.wait_for_timeout(200)
    assert page.evaluate('window.__pwned') is None
    assert page.locator('.plot:visible').evaluate('image => image.naturalWidth') == 120


def test_the_policy_would_stop_a_script_that_came_through(browser, tmp_path, lesson):
    path = tmp_path / 'page.html'
    evil = '<script>window.__pwned = 1</script><img src="https://example.org/a.png">'
    evil += '<p style="color:red">'
    path.write_text(lesson.replace('The end.', evil))
    page = browser.new_page()
    told = []
    page.on('console', lambda message: told.append(message.text))
    page.goto(f'file://{path}')
    assert page.evaluate('window.__pwned') is None
    assert len([text for text in told if 'Content Security Policy' in text]) == 3
    assert shown(page)[2] == ['mxnet']  # our own script is not hindered
    page.close()


def test_a_real_lesson_on_four_tabs(visit):
    for tab in BACKENDS:
        require(tab)
    results = collect([SCRATCH], 'all', {'max_epochs': '1'}, Path('build')).results
    reporter = Reporter(results, quiet=True)
    wait_for(run_tabs(results, 600, [], reporter, jobs=1, on_done=lambda result: None))
    assert [result.error for result in results] == [None] * len(results)
    html = page_html(results)
    page = visit(html)
    code, plots = {}, {}
    for tab in TABS:
        page.get_by_role('radio', name=re.compile(tab, re.I)).check()
        assert page.locator('.plot:visible').count() == 1
        plots[tab] = page.locator('.plot:visible').get_attribute('src')
        code[tab] = page.locator('main').inner_text()
        assert 'epoch 1: validation loss 2.3129' in code[tab]
    assert len(set(code.values())) == len(set(plots.values())) == 4
    assert 'Not as written: max_epochs = 1 instead of 3' in code['jax']
    assert len(html) < 500_000


def test_a_browser_is_required_where_everything_is(monkeypatch):
    monkeypatch.setenv('D2LITE_REQUIRE_ALL', '1')
    with pytest.raises(pytest.fail.Exception, match='no browser'):
        missing('no browser')
    monkeypatch.delenv('D2LITE_REQUIRE_ALL')
    with pytest.raises(pytest.skip.Exception, match='no browser'):
        missing('no browser')
