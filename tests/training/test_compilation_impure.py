"""Steps that do more than compute are made as they are written, with one warning."""

import random
import warnings

import numpy as np
import pytest
from compiled import fast, fit, graphs_run_as_they_are, scratch  # noqa: F401
from contract import backend_of, small_data


def impure_steps(d2l):
    """By what is wrong with them: a function that a step calls beside its work."""
    seen, counts = [], {'steps': 0}
    generator = np.random.default_rng(0)
    total = 0

    def count(model, loss):
        nonlocal total
        total += 1

    def set_attribute(model, loss):
        model.calls = getattr(model, 'calls', 0) + 1

    def count_in_dictionary(model, loss):
        counts['steps'] += 1

    return {
        'prints': lambda model, loss: print('step'),
        'changes seen': lambda model, loss: seen.append(1),
        'changes counts': count_in_dictionary,
        'sets total': count,
        'sets self.calls': set_attribute,
        'draws from np.random': lambda model, loss: np.random.rand(),
        "draws from Python's random": lambda model, loss: random.random(),
        'draws from a NumPy generator': lambda model, loss: generator.random(),
        'looks at a value': lambda model, loss: float(loss),
        'trainer.epoch is another in each step': lambda model, loss: model.trainer.epoch,
    }, lambda: {
        'changes seen': len(seen), 'changes counts': counts['steps'], 'sets total': total
    }  # fmt: skip


@pytest.mark.parametrize('what', list(impure_steps(None)[0]))
def test_impure_steps_are_made_as_written(d2l, what, capsys):
    functions, counted = impure_steps(d2l)
    function = functions[what]

    class Model(d2l.LinearRegressionScratch):
        def training_step(self, *args):
            value = super().training_step(*args)
            function(self, value[0] if backend_of(d2l) == 'jax' else value)
            return value

    d2l.seed_everything(0)
    np.random.seed(7)
    random.seed(7)
    model = Model(2, lr=0.03)
    trainer = d2l.Trainer(max_epochs=3, compile=fast(d2l))
    pattern = 'in line .* of .*test_compilation' if what == 'looks at a value' else what
    with pytest.warns(UserWarning, match=f'Model trains step by step.*{pattern}') as warned:
        trainer.fit(model, small_data(d2l, num_train=100))
    assert len([w for w in warned if 'step by step' in str(w.message)]) == 1
    assert not trainer.compiled
    # Everything has happened once a step, and not when it was tried whether it can be compiled.
    assert trainer.train_batch_idx == 21
    assert capsys.readouterr().out.count('step\n') == (21 if what == 'prints' else 0)
    assert getattr(model, 'calls', 21) == 21
    assert counted().get(what, 21) == 21
    fresh = np.random.RandomState(7).rand(22)
    assert np.random.rand() == fresh[21 if what == 'draws from np.random' else 0]
    # And it computes the same as without.
    plain = fit(d2l, lambda: scratch(d2l), compiled=False)
    assert trainer.history[-1]['val_loss'] == plain.history[-1]['val_loss']


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
