"""The lessons in notebooks/: each runs on each of its tabs, and is a text without outputs."""

import re
from pathlib import Path

import pytest
from contract import require

from d2lite.pages.kernel import run_tab
from d2lite.pages.source import read_page

FOLDER = Path(__file__).parent.parent / 'notebooks'
LESSONS = {path.stem: read_page(path) for path in sorted(FOLDER.glob('*.md'))}
RUN_ELSEWHERE = {'linear-regression-scratch'}  # on every tab, by test_pages_run

# What the text of a lesson says that its cells print, on every tab.
PRINTED = {
    'linear-regression-concise': [
        '4.5\n',
        'epoch 3: validation loss 0.0461\n',
        'error of w: [ 0.1063 -0.2068]\nerror of b: [0.2037]\n',
        'epoch 3: by hand 0.0461, equal to five digits\n',
    ],
    'synthetic-data': [
        'mean of the labels 4.23, variance 15.55\n',
        '32 minibatches; the first has 32 examples, the last 8\n',
        'each one once: True\nthe same order twice: False\n',
        '25 minibatches to train with, 7 to validate\n',
        'same order in the next epoch: False\nsame examples: True\n',
        'same seed, same order: True\nthe first three labels: [ 6.284  0.386 -0.515]\n',
        'as they were made: True\n',
    ],
    'object-oriented-design': [
        'steps so far: 7\n12 red False\n',
        "{'sin': 50, 'cos': 10}\nthe first mean of the cosine is 0.864, drawn at 0.45\n",
        'c = 3.41, the mean of the training labels is 3.5\n',
        'training loss: 7.16, at the end 2.72\n',
    ],
    'one-lesson-four-frameworks': [
        'validation loss after 3 epochs: 0.0461\n',
        'same bits after a round trip: True\n',
        'first minibatch 0.0435, training 0.0216, validation 0.00684\n',
        'all agree to five digits: True\n',
        'data and minibatches, bit for bit: True\n',
        'parameters after moving, bit for bit: True\n1.0 0.0\n',
    ],
    'diabetes': [
        '342 rows to train on, 100 to validate\n',
        'epoch 20: training loss 0.243, validation loss 0.303\n',
        'learned: training loss 0.241, validation loss 0.247\n',
        'exact: training loss 0.238, validation loss 0.247\n',
        'correlation of s1 and s2: 0.89\n',
        'R^2 = 0.52 on the training data, 0.49 on the validation data\n',
        'typically off by 54; the mean alone by 76\n',
        'of 100 splits: from 0.29 to 0.64, on average 0.48\n',
    ],
}


def test_there_are_lessons():
    assert {*PRINTED, *RUN_ELSEWHERE} <= LESSONS.keys()


@pytest.mark.parametrize(
    'lesson, tab',
    [
        (name, tab)
        for name, page in LESSONS.items()
        for tab in page.tabs
        if name not in RUN_ELSEWHERE
    ],
)
def test_lesson_runs(lesson, tab, monkeypatch):
    require(tab)
    monkeypatch.delenv('PYTEST_CURRENT_TEST')  # where it is set, ipykernel captures less
    printed = []

    def on_output(name, text):
        if name == 'stdout':
            printed.append(text)

    result = run_tab(LESSONS[lesson], tab, on_output=on_output)
    assert result.error is None, f'{result.error}\n{result.error.traceback}'
    assert result.cells_run == result.cells_total
    for text in PRINTED.get(lesson, []):
        assert text in ''.join(printed)


@pytest.mark.parametrize('lesson', LESSONS)
def test_lesson_is_text_for_all_four(lesson):
    page = LESSONS[lesson]
    assert page.tabs == ('mxnet', 'pytorch', 'tensorflow', 'jax')
    front, *cells = page.cells
    assert front.front
    unnamed = [cell.line for cell in cells if cell.tabs is None]
    assert not unnamed, f'cells that would run on the first tab only, in lines {unnamed}'


@pytest.mark.parametrize('lesson', LESSONS)
def test_lesson_holds_no_outputs(lesson):
    """No output blocks, no pictures: what cells print and draw is what a run shows."""
    page = LESSONS[lesson]
    fences = re.findall('^```.+$', page.text, re.M)
    numbers = range(1, len(page.cells) + 1)
    assert fences == [f'```{{.python .input  n={number}}}' for number in numbers]
    assert not re.search(r'!\[|<svg|<img|data:image|\.output\b', page.text)
