"""Linear regression of many kinds: every backend against the reference, step by step."""

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require
from problems import CASES, LINEAR, problem

from d2lite.parity import Problem, record_training, standard_problem
from d2lite.parity.comparison import compare, deviations, reference_record
from d2lite.parity.reference import common_norm


@pytest.mark.parametrize('model', LINEAR)
@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_the_backend_computes_what_the_reference_computes(d2l, dtype, case, model):
    given = CASES[case](model, dtype)
    found = record_training(backend_of(d2l), given)
    assert [array.dtype for array in found.parameters.values()] == [dtype] * 2
    lengths = {len(found.loss), *map(len, found.parameters.values())}
    assert lengths == {given.num_steps}
    row = compare(found, given)
    assert row.first_outside is None, row


def test_the_cases_are_what_they_say():
    def made(case):
        return CASES[case]('LinearRegression', 'float64')

    clipped = made('clipped at some steps')
    norms = np.array([common_norm(step.gradients) for step in clipped.expected()])
    assert 2 < sum(norms > clipped.gradient_clip_val) < clipped.num_steps - 2
    assert [len(y) for _, y in made('partial last batch').batches()][2:4] == [16, 2]
    assert np.linalg.cond(made('condition number 1e5').arrays[0]) == pytest.approx(1e5)
    assert made('1,000 features').arrays[0].shape == (64, 1000)
    for case in CASES:
        losses = reference_record(made(case)).loss
        assert losses[-1] < losses[0]  # it trains: deviations are not hidden by divergence


@pytest.mark.parametrize('model', LINEAR)
def test_recording_changes_nothing(d2l, model):
    """A Trainer of one's own, without recording, ends at the same bits."""
    given = problem(model, n=20)
    found = record_training(backend_of(d2l), given)

    class Data(d2l.DataModule):
        def __init__(self):
            self.batch_size, self._seed, self._num_loaders = given.batch_size, given.seed, 0

        def get_dataloader(self, train):
            tensor = d2l.SyntheticRegressionData.tensor
            return self.get_tensorloader(tuple(map(tensor, given.arrays)), train)

    trainer = d2l.Trainer(max_epochs=given.num_epochs)
    trainer.fit(given.make(d2l, given.lr), Data(), init_params=given.start)
    ended = trainer.get_parameters()
    for name in given.start:
        np.testing.assert_array_equal(ended[name], found.parameters[name][-1])


def test_a_record_leaves_the_librarys_seeds_alone(d2l):
    from d2lite import seeds

    d2l.seed_everything(5)
    expected = [seeds.next_seed('data'), seeds.next_seed('parameters')]
    d2l.seed_everything(5)
    record_training(backend_of(d2l), problem(num_steps=1))
    assert [seeds.next_seed('data'), seeds.next_seed('parameters')] == expected


def test_steps_end_within_an_epoch(d2l):
    found, whole = (
        record_training(backend_of(d2l), problem(num_steps=steps)).parameters for steps in (6, 8)
    )
    for name in found:
        np.testing.assert_array_equal(found[name], whole[name][:6])


def test_the_reference_does_not_deviate_from_itself():
    given = problem(dtype='float64')
    row = compare(reference_record(given), given)
    assert (row.loss_abs, row.parameters_abs, row.step_rel) == (0, 0, 0)
    assert row.first_outside is None


@pytest.mark.parametrize('quantity', ['loss', 'net.weight', 'net.bias'])
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_a_deviation_is_found_at_its_step(quantity, dtype):
    given = problem(dtype=dtype)
    for size, outside in ((0.01, None), (10, 5), (np.nan, 5)):
        found = reference_record(given)
        array, scale = found.loss, max(given.loss_scale, found.loss.max())
        if quantity != 'loss':
            array = found.parameters[quantity]
            scale = max(abs(each[4]).max() for each in found.parameters.values())
        array[4] += size * given.tolerance.run * scale
        row = compare(found, given)
        assert row.first_outside == outside
        if quantity != 'loss' and outside:
            assert row.furthest == quantity


def test_one_step_may_deviate_by_less_than_all_together():
    given = problem(dtype='float32')
    found = reference_record(given)
    found.loss[4] += 3 * given.tolerance.step * found.loss.max()
    row = compare(found, given)
    assert row.loss_rel < given.tolerance.run and row.first_outside == 5


def test_a_bias_is_measured_by_its_layer():
    """One that is 0 has no scale of its own."""
    given = problem(dtype='float64')
    found, expected = reference_record(given), reference_record(given)
    for record in (found, expected):
        record.parameters['net.bias'][:] = 0
    found.parameters['net.bias'] += 1e-3
    absolute, relative = deviations(found, expected, given)['net.bias']
    largest = np.abs(expected.parameters['net.weight'])[:, :, 0].max(1)
    np.testing.assert_allclose(absolute, 1e-3)
    np.testing.assert_allclose(relative, 1e-3 / np.maximum.accumulate(largest))


def test_deviations_too_small_for_a_step_are_found_when_they_add_up():
    given = problem(n=16, num_steps=200, lr=2**-9)
    found, before = reference_record(given), given.parameters
    for step, batch in enumerate(given.batches()):
        ((loss, _, before),) = given.trained(before, [batch])
        largest = max(abs(array).max() for array in before.values())
        before = before | {'net.bias': before['net.bias'] + 5e-7 * largest}
        found.loss[step] = loss
        for name, array in before.items():
            found.parameters[name][step] = array
    row = compare(found, given)
    assert row.step_rel < given.tolerance.step
    assert row.parameters_rel > given.tolerance.run and row.first_outside > 10


def test_what_does_not_fit_is_named():
    def problem_of(X, y):
        return Problem('Net', None, None, (X, y), {'w': np.zeros(2)})

    with pytest.raises(ValueError, match=r'as many examples, got shapes \[\(3, 2\), \(4, 1\)\]'):
        problem_of(np.zeros((3, 2)), np.zeros((4, 1)))
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'float16'"):
        problem(dtype='float16')
    with pytest.raises(ValueError, match='number of steps must be at least 1, got 0'):
        problem(num_steps=0)
    with pytest.raises(ValueError, match='batch_size must be at least 1, got 0'):
        problem(batch_size=0)


def test_what_cannot_be_made_or_compared_is_told():
    with pytest.raises(ValueError, match="no model 'VGG' to train: there are LinearRegression"):
        standard_problem('VGG')
    given = problem(lr=1e4, num_steps=200)
    with np.errstate(all='ignore'), pytest.raises(ValueError, match='diverges with lr=10000'):
        compare(reference_record(problem()), given)


def test_all_backends_see_the_same_numbers():
    """Not only is each near the reference: their losses before the first step are the same data."""
    given = problem()
    first = [record_training(require(name).Module.backend, given) for name in BACKENDS]
    for found in first[1:]:
        np.testing.assert_allclose(found.loss[0], first[0].loss[0], rtol=1e-6)
