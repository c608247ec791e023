"""The sentences in docs/mistakes.md are what is said, on every tab."""

import importlib
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from contract import backend_of, require, small_data

TABLE = Path(__file__).parent.parent.parent / 'docs' / 'mistakes.md'
X = np.random.default_rng(0).standard_normal((16, 2)).astype(np.float32)


def sentences():
    """What is said, by mistake."""
    rows = re.findall(r'^\| (.*?) +\| `(.*)` +\|$', TABLE.read_text(), re.MULTILINE)
    return dict(rows)


def net(d2l, base='LinearRegressionScratch', **methods):
    Net = type('Net', (getattr(d2l, base),), {'__module__': __name__, **methods})
    return Net(2, lr=0.03)


def fit(d2l, model=None, data=None):
    d2l.Trainer(max_epochs=1).fit(model or net(d2l), data or small_data(d2l))


def nothing(self, *args, **kwargs):
    pass


def method(name, function=nothing):
    return lambda d2l: fit(d2l, net(d2l, **{name: function}))


def loss_of_each_example(d2l):
    def loss(self, *args):
        return super(type(self), self).loss(*args) * d2l.ones((16, 1))

    fit(d2l, net(d2l, loss=loss))


def no_super_init(d2l):
    if backend_of(d2l) == 'jax':  # its fields stand for a constructor
        raise TypeError(sentences()['no `super().__init__()`'])

    class Net(d2l.Module):
        def __init__(self):
            self.net = layer(d2l)
            self.lr = 0.1

    fit(d2l, Net())


def layer(d2l):
    return d2l.LinearRegression(lr=0.1)


def misspelled_method(d2l):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        fit(d2l, net(d2l, configure_optimizer=nothing))


def classes(d2l, labels):
    d2l.Trainer(max_epochs=1).fit(
        d2l.MLP(num_outputs=2, num_hiddens=4, lr=0.1), whole(d2l, X, labels)
    )


def whole(d2l, *arrays):
    class Data(d2l.DataModule):
        batch_size = 16

        def get_dataloader(self, train):
            return self.get_tensorloader(arrays, train) if train else None

    return Data()


def nan(d2l):
    bad = X.copy()
    bad[3] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        fit(d2l, data=whole(d2l, bad, X[:, :1]))


def other_tab(d2l):
    other = require('jax' if backend_of(d2l) == 'pytorch' else 'pytorch')
    fit(d2l, net(other))


def too_small(d2l):
    fit(d2l, d2l.LeNet(lr=0.1), d2l.Digits(batch_size=16, resize=(8, 8)))


def face(d2l):
    """What users import: `from d2lite import torch`."""
    name = {'pytorch': 'torch'}.get(backend_of(d2l), backend_of(d2l))
    return importlib.import_module(f'd2lite.{name}')


MISTAKES = {
    '`forward` without `return`': method('forward'),
    '`loss` without `return`': method('loss'),
    '`training_step` without `return`': method('training_step'),
    '`configure_optimizers` without `return`': method('configure_optimizers'),
    'a loss for each example': loss_of_each_example,
    'a loss that is a plain number': method('loss', lambda self, *args: 0.5),
    'no `super().__init__()`': no_super_init,
    'a method that is misspelled': misspelled_method,
    'an argument that is misspelled': lambda d2l: d2l.Trainer(max_epoch=1),
    'a name that is misspelled': lambda d2l: face(d2l).Trainner,
    'labels that are text': lambda d2l: classes(d2l, ['cat', 'dog'] * 8),
    'labels with fractions': lambda d2l: classes(d2l, np.float32([0.5, 1] * 8)),
    'a label that is too large': lambda d2l: classes(d2l, np.int32([0, 2] * 8)),
    '`X` and `y` of different length': lambda d2l: classes(d2l, np.int32([0] * 15)),
    'labels of another shape than predictions': lambda d2l: fit(d2l, data=whole(d2l, X, X)),
    'lists of different lengths': lambda d2l: classes(d2l, [[1, 2], [1]]),
    'a model of another tab': other_tab,
    'a class in place of a model': lambda d2l: fit(d2l, type(net(d2l))),
    'no data': lambda d2l: d2l.Trainer(max_epochs=1).fit(net(d2l)),
    'tensors in place of a `DataModule`': lambda d2l: fit(d2l, data=(X, X)),
    'images that are too small': too_small,
    'NaN in the data': nan,
    'neither `max_epochs` nor `max_steps`': lambda d2l: d2l.Trainer(),
    'prediction before `fit`': lambda d2l: d2l.Trainer(max_epochs=1).predict(X),
}


def test_the_table_has_these_mistakes():
    assert list(sentences()) == list(MISTAKES)


@pytest.mark.parametrize('mistake', MISTAKES)
def test_what_is_said(d2l, mistake):
    keras_2 = backend_of(d2l) == 'tensorflow' and os.environ.get('TF_USE_LEGACY_KERAS') == '1'
    if keras_2 and MISTAKES[mistake] is too_small:
        pytest.skip('Keras 2 finds fault with the biases then, and not with the size')
    kinds = (TypeError, ValueError, RuntimeError, AttributeError, UserWarning)
    with pytest.raises(kinds) as caught:
        MISTAKES[mistake](d2l)
    pattern = '.*'.join(map(re.escape, sentences()[mistake].split('…')))
    assert re.search(pattern, str(caught.value)), str(caught.value)


def test_methods_of_ones_own_are_no_mistake(d2l):
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        fit(d2l, net(d2l, training_stats=nothing, losses=nothing, forward_once=nothing))


def test_labels_that_are_whole_floats_are_labels(d2l):
    classes(d2l, np.float32([0, 1] * 8))


def test_notebooks_and_pytest_leave_out_the_loop(d2l):
    with pytest.raises(TypeError) as caught:
        MISTAKES['`loss` without `return`'](d2l)
    frames = [each for each in caught.traceback if '__tracebackhide__' in each.frame.f_locals]
    assert {'fit', '_fit', '_fit_epochs', 'run_epoch'} <= {each.name for each in frames}
