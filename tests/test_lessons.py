"""The lessons in notebooks/: each runs on each of its tabs, and is a text without outputs."""

import re
from pathlib import Path

import fashion
import pytest
from contract import BACKENDS, require

from d2lite.pages.reading.page import read_page
from d2lite.pages.rewriting.overrides import override
from d2lite.pages.running.kernel import run_tab

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

PRINTED |= {
    'softmax-regression-scratch': [
        'naive:  [10. nan inf]\nhalf:   [10.      0.6931     inf]\n'
        'stable: [ 10.       0.6931 200.    ]\n',
    ],
    'several-processes': [
        'together      [-0.172 -0.258]\nwhole batch   [-0.172 -0.258]\n',
        'before the sum: 0.256\nlength if clipped after the sum:  0.31\n',
        '1 process(es); validation loss',
    ],
    'softmax-regression-concise': ['all equal: 2.3026, behind by 200: 200.0000\n'],
    'mlp': ['steepest: sigmoid 0.25, tanh 1.00\n', 'equal to three digits: True\n'],
    'weight-decay': [
        'length of w 1.448, training error 1.1e-06, validation error 1.2e+00\n',
        'length of w 0.130, training error 4.4e-04, validation error 1.6e-02\n'
        'true length of w: 0.141\n',
        'as by hand: True\n',
    ],
    'dropout': [
        'of a million ones: 0.75 are zero, the mean is 1.00\n',
        'the same twice in training:   False\nthe same twice in evaluation: True\n',
        'the same losses: True\n',
    ],
    'lenet': ['image (8, 8) becomes (8, 7) and (7, 8)\n', 'left out: the files of Fashion-MNIST'],
    'batch-normalization': [
        'outputs the same: True\nrunning mean the same: True\n',
        'n / (n - 1) = 1.143\n',
        'net.1.bias (6,)\nnet.1.running_mean (6,)\nnet.1.running_var (6,)\nnet.1.weight (6,)\n',
        'evaluation: the same scores in another batch: True\n',
        'training:   the same scores in another batch: False\n',
    ],
    'resnet': ['passes its input on: True\n'],
    'recurrent-networks': [
        '16602 characters, 28 tokens; the first are',
        'the sea: [3, 4, 2, 1, 8, 2, 5]\n',
        'perplexity of the frequencies: 15.5\n',
    ],
    'text-and-vocabulary': [
        '27 different characters\n3482 words, 642 of them different\n43% of these occur once',
        "369 tokens; the first are ['<unk>', '<pad>', 'the', 'and', 'a', 'it', 'to', 'of']\n"
        "[2, 32, 0]\n['the', 'old', '<unk>']\n",
        'IndexError: no token has the index 369:',
        'TypeError: a token is a string, got 3.5, a float\n',
        'moved on by one: True\n',
        'evenly: 28.0\nby frequency: 15.5\nby the character before: 8.5\n',
        'the dog is under the table . <eos> <pad>\nwithout padding: 8 tokens\n',
        'longest: 8 and 8\n',
    ],
    'gru-lstm': [
        'rnn.rnn.0.bias_hh (96,)\nrnn.rnn.0.bias_ih (96,)\n',
        'as the model says: True\n',
        'RNN: 1920 weights',
        'GRU: 5760 weights',
        'outputs: (7, 1, 16)\n',
    ],
    'translation': [
        '36% of the labels are padding\n',
        'each row adds up to 1: True\n',
    ],
}

PRINTED |= {
    'attention': [
        'mean squared error 0.22 at width 0.05\n'
        'mean squared error 0.07 at width 0.3\n'
        'mean squared error 0.69 at width 2\n',
        '1024 features: the largest of 50 weights is 0.92, scaled 0.13\n',
        'found: [30. 10.]\n',
        'found: [30.] with weights [0.  0.5 0.  0.5]\n',
        '[[0.33 0.33 0.33 0.  ]\n  [0.33 0.33 0.33 0.  ]]]\n',
        '[[0.25 0.25 0.25 0.25]\n [0.25 0.25 0.25 0.25]]\n',
        'found: [10. 10.]\n',
        'output (1, 6, 5) weights (1, 6, 9)\neach row adds up to 1: True\n',
    ],
    'transformer': [
        'notices the order: False\n',
        'notices the order: True\n',
        'weight of the padding: 0.0\n',
    ],
    'gpt': [
        'better than the frequencies alone: True\n',
        'scores that change: [18] of 19\n',
        'weight of what comes later: 0.0\n',
    ],
}

# Lessons that would train too long here: how many epochs they get, and the validation accuracy that
# these lead to. From the same start it is the same on every tab, but for rounding.
SHORTENED = {
    'softmax-regression-scratch': (2, 0.794),
    'softmax-regression-concise': (2, 0.837),
    'mlp': (2, 0.923),
    'dropout': (3, None),  # each framework draws its own masks
    'lenet': (3, 0.848),
    'batch-normalization': (3, 0.875),
    'resnet': (2, 0.962),
    'modern-convnets': (2, 0.885),
    'vision-transformer': (6, None),
}
FEWER_EPOCHS = {'gpt': 2}  # which does not classify

# Lessons that train long, and what they print when they have. They do so on PyTorch; the other tabs
# get fewer epochs. That such models learn on each backend is tested in tests/backends.
LONG = {'recurrent-networks': 4, 'gru-lstm': 2, 'translation': 6, 'transformer': 8}
PRINTED_WHEN_TRAINED = {
    'recurrent-networks': [
        'perplexity 5.2 in training, 6.8 in validation\n',
        'better than the frequencies alone: True\nGRU better than RNN: True\n',
    ],
    'gru-lstm': [
        'weights, perplexity 6.4 in training',
        'weights, perplexity 5.3 in training',
        'GRU better than RNN: True\n',
    ],
    'translation': ['perfect: 4 of 4\n', 'le chien dort dans le jardin .\n'],
}

# (channels, side) of what the layers of modern-convnets put out, where it changes.
CONVNETS = """
    96 54, 96 26, 256 26, 256 12, 384 12, 256 12, 256 5, 6400, 4096, 10
    64 112, 128 56, 256 28, 512 14, 512 7, 25088, 4096, 10
    96 54, 96 26, 256 26, 256 12, 384 12, 384 5, 10 5, 10 1, 10
    64 24, 192 12, 480 6, 832 3, 1024 1, 1024, 10
    64 24, 128 12, 256 6, 512 3, 512 1, 512, 10
    64 24, 192 24, 96 12, 224 12, 112 6, 240 6, 120 3, 248 3, 248 1, 248, 10
"""


def test_there_are_lessons():
    assert {*PRINTED, *SHORTENED, *RUN_ELSEWHERE} <= LESSONS.keys()


@pytest.fixture
def run(monkeypatch):
    """Runs a lesson, with other values for its variables; `.printed` has what came on stdout."""

    def run(lesson, tab, **settings):
        require(tab)
        monkeypatch.delenv('PYTEST_CURRENT_TEST')  # where it is set, ipykernel captures less
        printed = {'stdout': '', 'stderr': ''}

        def on_output(name, text):
            printed[name] += text

        page, _ = override(LESSONS[lesson], {k: repr(v) for k, v in settings.items()}, [tab])
        result = run_tab(page, tab, on_output=on_output, show=['val_acc'])
        assert result.error is None, f'{result.error}\n{result.error.traceback}'
        assert result.cells_run == result.cells_total
        result.printed = printed['stdout']
        assert 'Warning' not in printed['stderr']
        return result

    return run


def written_for(page, tab):
    """True if a page has more for this tab than an import; of nnx, no other lessons run here."""
    return sum(cell.tabs == (tab,) for cell in page.cells) > 1


@pytest.mark.parametrize(
    'lesson, tab',
    [
        (name, tab)
        for name, page in LESSONS.items()
        for tab in page.tabs
        if name not in RUN_ELSEWHERE and tab in BACKENDS
        if tab != 'nnx' or written_for(page, tab)
    ],
)
def test_lesson_runs(lesson, tab, run):
    epochs, accuracy = SHORTENED.get(lesson, (None, None))
    fewer = epochs or FEWER_EPOCHS.get(lesson)
    trained = lesson not in LONG or tab == 'pytorch'
    if not trained:
        fewer = LONG[lesson]
    result = run(lesson, tab, **({'max_epochs': fewer} if fewer else {}))
    texts = PRINTED.get(lesson, []) + (PRINTED_WHEN_TRAINED.get(lesson, []) if trained else [])
    for text in texts:
        assert text in result.printed
    if epochs:
        assert result.values['show']['val_acc'] > 0.7
    if accuracy:
        assert result.values['show']['val_acc'] == pytest.approx(accuracy, abs=0.02)
    if lesson == 'transformer' and trained:
        assert int(re.search(r'perfect: (\d) of 4', result.printed)[1]) >= 3
    if lesson == 'modern-convnets':
        assert shapes_where_they_change(result.printed, tab) == re.findall(
            r'\d+(?: \d+)?', CONVNETS
        )


def shapes_where_they_change(printed, tab):
    """'channels side', or 'features', of each printed shape that is not that of the line before."""
    shapes = []
    for found in re.findall(r'output shape:\t\(1, (.+)\)', printed):
        lengths = found.split(', ')
        side, channels = lengths[0], lengths[-1]
        if tab in ('pytorch', 'mxnet'):
            side, channels = channels, side
        shape = f'{channels} {side}' if len(lengths) == 3 else channels
        if [shape] != shapes[-1:]:
            shapes.append(shape)
    return shapes


def test_lenet_trains_on_fashion_mnist_where_it_is(run, tmp_path):
    fashion.write_files(tmp_path, num_train=256, num_val=64)
    result = run('lenet', 'pytorch', max_epochs=1, root=str(tmp_path))
    assert 'left out' not in result.printed
    assert result.printed.count('validation accuracy') == 2


@pytest.mark.parametrize('lesson', LESSONS)
def test_lesson_is_text_for_all(lesson):
    page = LESSONS[lesson]
    assert page.tabs == ('mxnet', 'pytorch', 'tensorflow', 'jax', 'nnx')
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
