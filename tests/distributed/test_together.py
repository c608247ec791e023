"""Two processes train as one does, and each rule that they keep; a launch for each backend."""

import functools
import json

import lesson
import numpy as np
import pytest
from contract import require

from d2lite import selection

ENGINES = ('pytorch', 'mxnet', 'tensorflow', 'jax')
# A share of examples is a number of float32 where one process computes it.
TOLERANCES = {'float32': 1e-5, 'float64': 1e-12}
OF_ACC = 1e-6


@pytest.fixture(params=ENGINES)
def backend(request):
    require(request.param)
    return request.param


@pytest.fixture
def seen(together, backend):
    """What the two processes have seen, by rank."""
    return [json.loads((together(backend) / f'two.{rank}.json').read_text()) for rank in range(2)]


@pytest.fixture(scope='module')
def alone():
    """A function: what one process finds on a backend, made once."""
    return functools.cache(lesson.results)


def test_two_processes_train_as_one(together, alone, backend):
    one = alone(backend)
    first, second = (dict(np.load(together(backend) / f'two.{rank}.npz')) for rank in range(2))
    assert one.keys() == first.keys() == second.keys()
    made = {tuple(name.split()[:2]) for name in one}
    assert {model for dtype, model in made if dtype == 'float64'} >= {*lesson.MODELS}
    assert {model for dtype, model in made if dtype == 'float32'} >= {*lesson.SMALL}
    assert outside(one, first, second) == {}


def test_parts_of_parameters_train_as_whole_ones(together, alone, backend):
    if 'fsdp' not in selection.load(backend).Trainer.engine.STRATEGIES:
        pytest.skip(f'{backend} has no strategy that divides parameters')
    files = [together(backend) / f'two.{rank}.sharded.npz' for rank in range(2)]
    first, second = (dict(np.load(file)) for file in files)
    assert {name.split()[1] for name in first} == {*lesson.SHARDED}
    assert outside({name: alone(backend)[name] for name in first}, first, second) == {}


def outside(one, first, second):
    """What two processes, which have to agree to the bit, have found too far from one."""
    found = {}
    for name in one:
        np.testing.assert_array_equal(first[name], second[name])
        tolerance = OF_ACC if name.endswith('_acc') else TOLERANCES[name.split()[0]]
        scale = np.abs(one[name]).max()
        if not np.abs(one[name] - first[name]).max() <= tolerance * scale:
            found[name] = np.abs(one[name] - first[name]).max() / scale
    return found


def test_the_lessons_have_all_they_are_for(backend):
    """Clipping, momentum and a smaller last batch change the results that are compared."""
    problem = lesson.standard_problem('MLP')
    data = lesson.data_of(selection.load(backend), problem, 37)
    assert [len(batch[0]) for batch in data.train_dataloader()] == [16, 16, 5]
    found = lesson.trained(selection.load(backend), 'MLP', 'float32')
    other = lesson.trained(selection.load(backend), 'MLP', 'float32', gradient_clip_val=0)
    assert np.abs(found['history train_loss'] - other['history train_loss']).max() > 1e-4


def test_all_processes_tell_of_what_is_not_the_same(seen):
    assert seen[0]['errors'] == seen[1]['errors'] | {'file': seen[0]['errors']['file']}
    errors = seen[0]['errors']
    assert errors.pop('nothing') is None
    for name, what in (
        ('seed', 'different seed: rank 1 has other seed than rank 0'),
        ('settings', 'different settings: rank 1'),
        ('model', 'different settings: rank 1'),
        ('data', 'different data: rank 1'),
        ('code', 'different code: rank 1'),
        ('own loop', 'Trainer.fit_epoch() makes the steps itself'),
        ('num_devices', 'num_devices=3, but 2 processes were started'),
        ('strategy', "got 'sharded'"),
    ):
        assert errors[name].startswith('ValueError') and what in errors[name]


def test_an_error_of_the_first_that_writes_is_one_of_all(seen):
    assert 'no such folder' in seen[0]['errors']['file']
    assert seen[1]['errors']['file'].startswith('RuntimeError: the process of rank 0 has failed')


def test_the_first_alone_writes(seen):
    assert seen[0]['files'] == ['best', 'checkpoint', 'log', 'parameters', 'plot.svg']
    assert seen[1]['files'] == []


def test_each_draws_its_own_numbers_in_training_and_the_same_ones_after_it(seen):
    first, second = (each['numbers'] for each in seen)
    if not first:
        pytest.skip('one program draws the numbers of all rows')
    for what in ('within', 'dropped'):
        assert len(first[what]) == len(second[what]) > 1
        assert not any(each in second[what] for each in first[what])
        assert len({*map(str, first[what])}) == len(first[what])  # others in each step
    assert first['after'] == second['after']


# What is done without if several processes train, though compile=True asks for it.
NOT_COMPILED = {
    'pytorch': 'DistributedDataParallel sums the gradients of all processes',
    'tensorflow': 'compile=True: XLA does not compile sums over processes',
}


def test_what_is_not_compiled_is_told_and_changes_nothing(seen, backend):
    assert [each['told']['without'] for each in seen] == [[], []]
    first, second = (each['told']['with'] for each in seen)
    assert len(first) == (backend in NOT_COMPILED) and second in ([], first)
    assert all(NOT_COMPILED[backend] in sentence for sentence in first)
    assert all(each['told']['far'] < 1e-6 for each in seen)


def test_a_checkpoint_of_two_goes_on_in_two_bit_for_bit(seen):
    assert seen[0]['resumed'] == seen[1]['resumed']
    assert seen[0]['resumed']['momentum'] == 0
    assert seen[0]['resumed'].get('dropout', 0) == 0
    assert seen[0]['resumed']['momentum, another strategy'] < 1e-5


def test_a_checkpoint_of_two_goes_on_in_one(together, backend, seen):
    import rules

    d2l, checkpoint = selection.load(backend), together(backend) / 'two.momentum'
    trainer = rules.trained_from(d2l, rules.momentum_model, 3, checkpoint)
    losses = [row['val_loss'] for row in trainer.history]
    np.testing.assert_allclose(losses, seen[0]['resumed']['momentum loss'], rtol=1e-5)
