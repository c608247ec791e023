"""Every backend against the reference: losses, norms of gradients and parameters, step by step."""

import numpy as np
import pytest
from contract import BACKENDS, backend_of, require
from problems import CASES, problem

from d2lite.parity import MODELS, Problem, record_training, reference
from d2lite.parity import compare as parity
from d2lite.parity.compare import compare, reference_record


@pytest.mark.parametrize('model', MODELS)
@pytest.mark.parametrize('case', CASES)
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_the_backend_computes_what_the_reference_computes(d2l, dtype, case, model):
    given = CASES[case](dtype)
    found = record_training(backend_of(d2l), model, given)
    assert found.loss.dtype == found.w.dtype == found.b.dtype == dtype
    assert len(found.loss) == len(found.gradient_norm) == len(found.w) == given.num_steps
    row = compare(found, given)
    assert row.first_outside is None, row


def test_the_cases_are_what_they_say():
    clipped = CASES['clipped at some steps']('float64')
    is_clipped = reference_record(clipped).gradient_norm > clipped.gradient_clip_val
    assert 2 < is_clipped.sum() < clipped.num_steps - 2
    assert [len(rows) for rows in CASES['partial last batch']('float32').batches()][2:4] == [16, 2]
    assert np.linalg.cond(CASES['condition number 1e5']('float64').X) == pytest.approx(1e5)
    assert CASES['1,000 features']('float32').X.shape == (64, 1000)
    for case in CASES.values():
        losses = reference_record(case('float64')).loss
        assert losses[-1] < losses[0]  # it trains: deviations are not hidden by divergence


@pytest.mark.parametrize('model', MODELS)
def test_recording_changes_nothing(d2l, model):
    """A Trainer of one's own, without clipping and without recording, ends at the same bits."""
    given = problem(n=20)
    found = record_training(backend_of(d2l), model, given)

    class Data(d2l.DataModule):
        def __init__(self):
            self.batch_size, self._seed, self._num_loaders = given.batch_size, given.seed, 0

        def get_dataloader(self, train):
            tensor = d2l.SyntheticRegressionData.tensor
            return self.get_tensorloader((tensor(given.X), tensor(given.y)), train)

    sizes = {'LinearRegressionScratch': (len(given.w),), 'LinearRegression': ()}[model]
    trainer = d2l.Trainer(max_epochs=given.num_epochs, compile=False)
    names = MODELS[model]
    start = dict(zip(names, (given.w, given.b), strict=True))
    trainer.fit(getattr(d2l, model)(*sizes, lr=given.lr), Data(), init_params=start)
    ended = trainer.get_parameters()
    np.testing.assert_array_equal(ended[names[0]], found.w[-1])
    np.testing.assert_array_equal(ended[names[1]], found.b[-1])


def test_a_record_leaves_the_librarys_seeds_alone(d2l):
    from d2lite import seeds

    d2l.seed_everything(5)
    expected = [seeds.next_seed('data'), seeds.next_seed('parameters')]
    d2l.seed_everything(5)
    record_training(backend_of(d2l), 'LinearRegression', problem(num_steps=1))
    assert [seeds.next_seed('data'), seeds.next_seed('parameters')] == expected


def test_steps_end_within_an_epoch(d2l):
    given, whole = problem(num_steps=6), problem(num_steps=8)
    found = record_training(backend_of(d2l), 'LinearRegressionScratch', given)
    np.testing.assert_array_equal(
        found.w, record_training(backend_of(d2l), 'LinearRegressionScratch', whole).w[:6]
    )


def test_the_reference_does_not_deviate_from_itself():
    given = problem(dtype='float64')
    row = compare(reference_record(given), given)
    assert (row.loss_abs, row.parameters_abs, row.gradient_norm_rel, row.step_rel) == (0, 0, 0, 0)
    assert row.first_outside is None


@pytest.mark.parametrize('quantity', ['loss', 'gradient_norm', 'w', 'b'])
@pytest.mark.parametrize('dtype', ['float32', 'float64'])
def test_a_deviation_is_found_at_its_step(quantity, dtype):
    given = problem(dtype=dtype)
    scale = max(1, abs(getattr(reference_record(given), quantity)).max())
    for size, outside in ((0.01, None), (10, 5), (np.nan, 5)):
        found = reference_record(given)
        getattr(found, quantity)[4] += size * parity.TOLERANCES[dtype].run * scale
        assert compare(found, given).first_outside == outside


def test_deviations_too_small_for_a_step_are_found_when_they_add_up():
    given = problem(n=16, num_steps=200, lr=2**-9)
    found, w, b = reference_record(given), given.w, given.b
    for step, rows in enumerate(given.batches()):
        ((_, _, w, b),) = reference.train(given.X, given.y, w, b, [rows], given.lr)
        b = b + 5e-7 * max(abs(w).max(), abs(b).max())
        found.w[step], found.b[step] = w, b
    tolerance = parity.TOLERANCES['float32']
    found.loss, found.gradient_norm = (
        getattr(parity.restarted(found, given), name) for name in ('loss', 'gradient_norm')
    )
    row = compare(found, given)
    assert row.step_rel < tolerance.step
    assert row.parameters_rel > tolerance.run and row.first_outside > 10


def test_shapes_that_do_not_fit_are_named():
    good = problem()
    with pytest.raises(ValueError, match=r'y must have shape \(64, 1\), got \(64,\)'):
        Problem(good.X, good.y[:, 0], good.w, good.b)
    with pytest.raises(ValueError, match=r'X must have shape \(n, d\), got \(64,\)'):
        Problem(good.X[:, 0], good.y, good.w, good.b)
    with pytest.raises(ValueError, match="dtype must be 'float32' or 'float64', got 'float16'"):
        problem(dtype='float16')
    with pytest.raises(ValueError, match='number of steps must be at least 1, got 0'):
        problem(num_steps=0)
    with pytest.raises(ValueError, match='batch_size must be at least 1, got 0'):
        problem(batch_size=0)


def test_what_cannot_be_recorded_or_compared_is_told():
    with pytest.raises(ValueError, match="no model 'MLP' to train: there are LinearRegression"):
        record_training(BACKENDS[0], 'MLP', problem())
    given = problem(lr=1e4, num_steps=200)
    with np.errstate(all='ignore'), pytest.raises(ValueError, match='diverges with lr=10000'):
        compare(reference_record(problem()), given)


def test_all_backends_see_the_same_numbers():
    """Not only is each near the reference: their losses before the first step are the same data."""
    given = problem()
    first = [
        record_training(require(name).Module.backend, 'LinearRegression', given)
        for name in BACKENDS
    ]
    for found in first[1:]:
        np.testing.assert_allclose(found.loss[0], first[0].loss[0], rtol=1e-6)
