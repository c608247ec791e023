"""Writes coverage.md: the chapters of the book, and which of their names d2lite has.

python docs/make_coverage.py
"""

import textwrap
from pathlib import Path

from d2lite import interface
from d2lite.pages.lessons import all_lessons
from d2lite.pages.names_of_d2l import CHAPTERS, IN_D2L

PATH = Path(__file__).with_name('coverage.md')
ON_JAX = 'get_key', 'get_seed'
LESSONS = {
    'Preliminaries': 'one-lesson-four-frameworks',
    'Linear neural networks for regression': """
        object-oriented-design synthetic-data linear-regression-scratch linear-regression-concise
        weight-decay diabetes
    """,
    'Linear neural networks for classification': """
        softmax-regression-scratch softmax-regression-concise
    """,
    'Multilayer perceptrons': 'mlp dropout',
    'Convolutional neural networks': 'lenet',
    'Modern convolutional neural networks': 'modern-convnets batch-normalization resnet',
    'Recurrent neural networks': 'text-and-vocabulary recurrent-networks',
    'Modern recurrent neural networks': 'gru-lstm translation',
    'Attention and transformers': 'attention transformer vision-transformer gpt',
    'Hyperparameter optimization': 'hyperparameter-search',
}
BEGINNING = """\
# What of the book is here

*Dive into Deep Learning* has a library, `d2l`, whose names its pages use. d2lite has {has} of the
{all} names of d2l 1.0.3, each on all four backends, and {more} that d2l does not have. (`get_key`
and `get_seed`, which d2l has on JAX only, are here on JAX.)

What is not here is said when it is called: `d2l.train_ch13` tells since when a name is no longer in
d2l, or that it is in d2l and not in d2lite, and which names look like it. Pages of older editions
also use names that frameworks have given up; see [compatibility](compat.md).

The script `docs/make_coverage.py` has written this page from `d2lite/interface.py`.

| chapter | names | here | lessons |
|---------|------:|-----:|---------|
"""


def page() -> str:
    """The text of the page."""
    rows, chapters = [], []
    known, lessons = {*interface.NAMES, *ON_JAX}, all_lessons()
    placed = {name for names in LESSONS.values() for name in names.split()}
    for chapter, names in CHAPTERS.items():
        of_chapter = sorted(names.split(), key=str.lower)
        has = [name for name in of_chapter if name in known]
        here = [name for name in LESSONS.get(chapter, '').split() if name in lessons]
        links = ', '.join(f'[{name}](../notebooks/{name}.md)' for name in here)
        rows.append(f'| {chapter} | {len(of_chapter)} | {len(has)} | {links or "–"} |\n')
        chapters.append(f'\n## {chapter}\n')
        chapters.append(_list('Here', has))
        chapters.append(_list('Not here', [name for name in of_chapter if name not in known]))
    own = sorted(known - IN_D2L, key=str.lower)
    beginning = BEGINNING.format(has=len(known & IN_D2L), all=len(IN_D2L), more=len(own))
    others = sorted(set(lessons) - placed)
    end = f'\n## Of d2lite itself\n{_list("Names", own)}'
    end += f'\nLessons of no chapter: {", ".join(others)}.\n' if others else ''
    return beginning + ''.join(rows) + ''.join(chapters) + end


def _list(title: str, names: list[str]) -> str:
    if not names:
        return ''
    text = f'{title}: {", ".join(f"`{name}`" for name in names)}.'
    return '\n' + textwrap.fill(text, 100, break_long_words=False, break_on_hyphens=False) + '\n'


if __name__ == '__main__':
    PATH.write_text(page(), encoding='utf-8')
