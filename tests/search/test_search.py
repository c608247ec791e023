"""Searchers, schedulers and the tuner, which know no framework; and what a trial trains."""

import fashion
import numpy as np
import pytest
from contract import small_data
from scipy import stats

from d2lite import interface
from d2lite.search import tuner
from d2lite.search.schedulers import BasicScheduler, HPOScheduler, SuccessiveHalvingScheduler
from d2lite.search.searchers import HPOSearcher, RandomSearcher
from d2lite.search.tuner import HPOTuner
from d2lite.seeds import seed_everything

SPACE = {'learning_rate': stats.loguniform(1e-2, 1), 'batch_size': stats.randint(32, 256)}


class Counting(HPOSearcher):
    """Proposes 0, 1, 2, ..., and keeps what it is told."""

    def __init__(self):
        self.count, self.told = 0, []

    def sample_configuration(self):
        self.count += 1
        return {'number': self.count - 1}

    def update(self, config, error, additional_info=None):
        self.told.append((config['number'], error))


def test_random_configurations_follow_the_seed_and_their_distributions():
    seed_everything(1)
    searcher = RandomSearcher(SPACE)
    drawn = [searcher.sample_configuration() for _ in range(200)]
    seed_everything(1)
    again = RandomSearcher(SPACE)
    assert drawn == [again.sample_configuration() for _ in range(200)]
    rates = np.log10([config['learning_rate'] for config in drawn])
    assert -2 <= rates.min() < -1.9 and -0.1 < rates.max() <= 0
    assert abs(rates.mean() + 1) < 0.15
    assert {type(config['batch_size']) for config in drawn} == {int}
    assert {type(config['learning_rate']) for config in drawn} == {float}


def test_the_initial_configuration_comes_first_and_once():
    initial = {'learning_rate': 0.1, 'batch_size': 128}
    searcher = RandomSearcher(SPACE, initial)
    first, second = searcher.sample_configuration(), searcher.sample_configuration()
    assert first == initial and first is not initial and second != initial


def test_what_is_no_distribution_is_named():
    message = r"config_space\['lr'\] must be a distribution of scipy.stats.*got \[0.1, 0.2\]"
    with pytest.raises(TypeError, match=message):
        RandomSearcher({'lr': [0.1, 0.2]})


def test_a_tuner_keeps_the_best_of_its_trials(monkeypatch, capsys):
    times = iter([0, 2, 10, 11, 20, 24, 30, 31])
    monkeypatch.setattr(tuner.time, 'perf_counter', lambda: next(times))
    searcher = Counting()
    errors = [0.5, float('nan'), 0.7, 0.2]
    run = HPOTuner(BasicScheduler(searcher), lambda number: errors[number])
    run.board.display = False
    run.run(number_of_trials=3)
    assert run.incumbent == {'number': 0} and run.incumbent_error == 0.5
    run.run(1)
    assert run.incumbent == {'number': 3} and run.incumbent_error == 0.2
    assert run.incumbent_trajectory == [0.5, 0.5, 0.5, 0.2]
    assert run.cumulative_runtime == [2, 3, 7, 8] and run.current_runtime == 8
    assert [record['runtime'] for record in run.records] == [2, 1, 4, 1]
    assert run.records[2]['config'] == {'number': 2} and run.records[2]['error'] == 0.7
    assert [each[0] for each in searcher.told] == [0, 1, 2, 3]
    assert [(x, y) for x, y in run.board.data['least error']] == [
        (2, 0.5),
        (3, 0.5),
        (7, 0.5),
        (8, 0.2),
    ]
    assert 'trial 4: error 0.2 in 1.0 s, number=3\n' in capsys.readouterr().out


def test_a_first_trial_without_a_finite_error_is_not_the_best():
    run = HPOTuner(BasicScheduler(Counting()), lambda number: float('nan'))
    run.board.display = False
    run.run(1)
    assert run.incumbent is None and not run.board.data


@pytest.mark.parametrize(
    'eta, r_min, r_max, levels',
    [(2, 1, 8, [1, 2, 4, 8]), (3, 1, 10, [1, 3, 9, 10]), (2, 2, 10, [2, 4, 8, 10]), (2, 5, 5, [5])],
)
def test_rungs(eta, r_min, r_max, levels):
    assert SuccessiveHalvingScheduler(Counting(), eta, r_min, r_max).rung_levels == levels


@pytest.mark.parametrize('numbers', [(1, 1, 4), (2, 0, 4), (2, 4, 1), (2, 1, 4, 0.5)])
def test_numbers_that_make_no_rungs_are_refused(numbers):
    with pytest.raises(ValueError, match='eta must be above 1, 1 <= r_min <= r_max'):
        SuccessiveHalvingScheduler(Counting(), *numbers)


@pytest.mark.parametrize('prefact', [1, 2])
def test_the_best_of_each_rung_are_trained_on(prefact):
    """The error of number n is |n - 3|, so that 3 wins, then 2 and 4."""
    searcher = Counting()
    scheduler = SuccessiveHalvingScheduler(searcher, eta=2, r_min=1, r_max=4, prefact=prefact)
    trials = []
    for _ in range((4 + 2 + 1) * prefact):
        config = scheduler.suggest()
        trials.append((config['number'], config['max_epochs']))
        scheduler.update(config, abs(config['number'] - 3))
    if prefact == 1:
        assert trials == [(0, 1), (1, 1), (2, 1), (3, 1), (3, 2), (2, 2), (3, 4)]
    else:
        assert trials[:8] == [(n, 1) for n in range(8)]
        assert trials[8:12] == [(n, 2) for n in (3, 2, 4, 1)]
        assert trials[12:] == [(n, 4) for n in (3, 2)]
    assert len(searcher.told) == len(trials)
    assert len(scheduler.all_observed_error_at_rungs[1]) == 4 * prefact
    assert scheduler.suggest() == {'number': 4 * prefact, 'max_epochs': 1}  # a new round


def test_a_rung_that_is_none_is_refused():
    scheduler = SuccessiveHalvingScheduler(Counting(), eta=2, r_min=1, r_max=4)
    with pytest.raises(ValueError, match=r'max_epochs must be that of a rung, one of \[1, 2, 4\]'):
        scheduler.update({'number': 0, 'max_epochs': 3}, 0.5)


def test_bases_say_what_to_define():
    with pytest.raises(NotImplementedError, match=r'HPOSearcher must define sample_configuration'):
        HPOSearcher().sample_configuration()
    with pytest.raises(NotImplementedError, match=r'HPOScheduler must define suggest'):
        HPOScheduler().suggest()


def test_the_validation_error_is_that_of_the_last_epoch(d2l):
    data = d2l.Digits(batch_size=256)
    trainer = d2l.HPOTrainer(2)
    with pytest.raises(RuntimeError, match='there is no validation accuracy: call trainer.fit'):
        trainer.validation_error()
    model = d2l.MLP(num_outputs=10, num_hiddens=16, lr=0.2)
    model.board.display = False
    trainer.fit(model, data)
    assert trainer.validation_error() == 1 - trainer.history[-1]['val_acc']
    assert 0 < trainer.validation_error() < 0.95


def test_a_regression_has_no_validation_error(d2l):
    trainer = d2l.HPOTrainer(1)
    trainer.fit(d2l.LinearRegressionScratch(2, lr=0.1), small_data(d2l))
    with pytest.raises(RuntimeError, match='with a Classifier'):
        trainer.validation_error()


def test_lenet_is_trained_on_fashion_mnist(d2l, tmp_path, monkeypatch):
    fashion.write_files(tmp_path / 'data')
    folder = tmp_path / 'lesson'
    folder.mkdir()
    monkeypatch.chdir(folder)  # the images are in ../data
    scheduler = d2l.SuccessiveHalvingScheduler(
        d2l.RandomSearcher(
            {'learning_rate': stats.loguniform(1e-2, 1), 'batch_size': stats.randint(10, 20)}
        ),
        eta=2,
        r_min=1,
        r_max=2,
    )
    run = d2l.HPOTuner(scheduler, d2l.hpo_objective_lenet)
    run.board.display = False
    run.run(3)
    assert [record['config']['max_epochs'] for record in run.records] == [1, 1, 2]
    assert all(0.5 < record['error'] <= 1 for record in run.records)  # the labels are random
    assert set(run.records[0]['config']) == {'learning_rate', 'batch_size', 'max_epochs'}


def test_all_names_are_there(d2l):
    assert all(hasattr(d2l, name) for name in interface.SEARCH)
