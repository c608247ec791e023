"""Steps that do more than compute are made as they are written, with one warning."""

import random
import re
import time
import warnings

import numpy as np
import pytest
from compiled import fast, fit, scratch
from contract import backend_of, small_data

ENTRY = 'changes an entry of something that outlives the step'
# What a step does beside its work, and what the warning says of it.
IMPURE = {
    'print': r'calls print\(\)',
    'list': r'calls append\(\) on something that outlives the step',
    'dictionary': ENTRY,
    'NumPy array': ENTRY,
    'nonlocal': "sets the variable 'total' of another function",
    'attribute': "sets the attribute 'calls'",
    'numpy.random': 'draws from numpy.random',
    'random': 'uses the module random',
    'time': 'uses the module time',
    'counter': "reads the counter 'epoch', which is another in each step",
    'value': 'in line .* of .*test_compilation_impure',
}


def impure_steps():
    """By the names above: a function that a step calls, and one that says how often it was."""
    seen, counts, calls, total = [], {'steps': 0}, np.zeros(1), 0

    def count(model, loss):
        nonlocal total
        total += 1

    def set_attribute(model, loss):
        model.calls = getattr(model, 'calls', 0) + 1

    def count_in_dictionary(model, loss):
        counts['steps'] += 1

    def count_in_array(model, loss):
        calls[0] += 1

    functions = {
        'print': lambda model, loss: print('step'),
        'list': lambda model, loss: seen.append(1),
        'dictionary': count_in_dictionary,
        'NumPy array': count_in_array,
        'nonlocal': count,
        'attribute': set_attribute,
        'numpy.random': lambda model, loss: np.random.rand(),
        'random': lambda model, loss: random.random(),
        'time': lambda model, loss: time.sleep(0),
        'counter': lambda model, loss: model.trainer.epoch,
        'value': lambda model, loss: float(loss),
    }
    return functions, lambda: {
        'list': len(seen),
        'dictionary': counts['steps'],
        'NumPy array': calls[0],
        'nonlocal': total,
    }


def compiles_steps(d2l):
    """On MXNet the net alone is a graph, and steps run as they are written."""
    return backend_of(d2l) != 'mxnet'


def fit_with(d2l, function, **kwargs):
    """Trains a model whose step calls `function`; returns the trainer and the warnings of ours."""

    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            value = super().training_step(*args)
            function(self, value[0] if backend_of(d2l) == 'jax' else value)
            return value

    d2l.seed_everything(0)
    trainer = d2l.Trainer(max_epochs=3, compile=fast(d2l), **kwargs)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        model = Model(2, lr=0.03)
        np.random.seed(7)
        random.seed(7)
        trainer.fit(model, small_data(d2l, num_train=100))
    return trainer, [str(w.message) for w in caught if 'step by step' in str(w.message)]


@pytest.mark.parametrize('what', IMPURE)
def test_impure_steps_are_made_as_written(d2l, what, capsys):
    if backend_of(d2l) == 'nnx' and what == 'value':
        pytest.skip('where JAX differentiates, no number has a value')
    functions, counted = impure_steps()
    trainer, told = fit_with(d2l, functions[what])
    # Everything has happened once a step, and not when it was tried whether it can be compiled.
    assert trainer.train_batch_idx == 21
    assert capsys.readouterr().out.count('step\n') == (21 if what == 'print' else 0)
    assert getattr(trainer.model, 'calls', 21) == 21
    assert counted().get(what, 21) == 21
    fresh = np.random.RandomState(7).rand(22)
    assert np.random.rand() == fresh[21 if what == 'numpy.random' else 0]
    fresh = random.Random(7)
    draws = [fresh.random() for _ in range(22)]
    assert random.random() == draws[21 if what == 'random' else 0]
    if compiles_steps(d2l):
        assert trainer.compiled is False
        (message,) = told
        assert re.match(
            f'Model trains step by step, slower than compiled: .*{IMPURE[what]}', message
        )
    else:
        assert told == []
    # And it computes the same as without.
    plain = fit(d2l, lambda: scratch(d2l), compiled=False)
    assert trainer.history[-1]['val_loss'] == plain.history[-1]['val_loss']


def test_a_draw_from_a_numpy_generator_is_told(d2l):
    """It is found by the values that tracing has changed, so it has drawn once more."""
    generator = np.random.default_rng(0)
    trainer, told = fit_with(d2l, lambda model, loss: generator.random())
    assert trainer.train_batch_idx == 21
    if compiles_steps(d2l):
        assert trainer.compiled is False and len(told) == 1
        assert 'tracing a step has changed values of Python' in told[0]


def test_the_warning_comes_after_the_first_step_and_names_the_place_to_turn_it_off(d2l):
    if not compiles_steps(d2l):
        pytest.skip('on MXNet steps run as they are written')
    _, told = fit_with(d2l, lambda model, loss: print('step'))
    assert told[0].endswith('Trainer(compile=False) does so without this warning.')
    assert '(line ' in told[0]  # where it is written


def test_compile_false_says_nothing(d2l):
    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            print('step')
            return super().training_step(*args)

    fit(d2l, lambda: Model(2, lr=0.03), compiled=False)


def test_an_error_of_the_lesson_comes_as_it_is(d2l):
    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            raise KeyError('my own')

    with pytest.raises(KeyError, match='my own'), warnings.catch_warnings():
        warnings.simplefilter('error')
        d2l.Trainer(max_epochs=1, compile=fast(d2l)).fit(Model(2, lr=0.03), small_data(d2l))
