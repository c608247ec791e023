"""Schedulers: they decide which configuration is tried next, and for how many epochs."""

import collections
from typing import Any

from d2lite.hyperparameters import HyperParameters
from d2lite.search.searchers import Config, HPOSearcher

__all__ = ['BasicScheduler', 'HPOScheduler', 'SuccessiveHalvingScheduler']


class HPOScheduler(HyperParameters):
    """The base of what decides on the next trial.

    Definition: d2l, section "Hyperparameter Optimization API".
    """

    def suggest(self) -> Config:
        """The configuration of the next trial."""
        raise NotImplementedError(f'{type(self).__name__} must define suggest()')

    def update(self, config: Config, error: float, info: Any = None) -> None:
        """Takes note of the error of a trial."""
        raise NotImplementedError(f'{type(self).__name__} must define update()')


class BasicScheduler(HPOScheduler):
    """Tries what the searcher proposes, one configuration after the other."""

    def __init__(self, searcher: HPOSearcher) -> None:
        self.save_hyperparameters()

    def suggest(self) -> Config:
        return self.searcher.sample_configuration()

    def update(self, config: Config, error: float, info: Any = None) -> None:
        self.searcher.update(config, error, additional_info=info)


class SuccessiveHalvingScheduler(HPOScheduler):
    """Trains many configurations for few epochs, and the best of them for more.

    A configuration has the epochs of its rung as `max_epochs`: `r_min` on the first, `eta` times as
    many on each after it, `r_max` on the last. Where all of a rung are done, the best go on to the
    next, which takes `prefact * eta ** n` of them, n rungs before the last. Raises ValueError for
    numbers that make no rungs. Source: Jamieson and Talwalkar, "Non-stochastic best arm
    identification and hyperparameter optimization", 2016; d2l, "Multi-Fidelity Hyperparameter
    Optimization".
    """

    def __init__(
        self, searcher: HPOSearcher, eta: float, r_min: int, r_max: int, prefact: float = 1
    ) -> None:
        self.save_hyperparameters()
        if not (eta > 1 and 1 <= r_min <= r_max and prefact >= 1):
            raise ValueError(
                f'eta must be above 1, 1 <= r_min <= r_max and prefact at least 1, got eta={eta}, '
                f'r_min={r_min}, r_max={r_max} and prefact={prefact}'
            )
        self.rung_levels = [r_min]
        while self.rung_levels[-1] < r_max:
            level = int(r_min * eta ** len(self.rung_levels))
            self.rung_levels.append(min(level, r_max))
        # What is done, by rung: in this round, and in all of them.
        self.observed_error_at_rungs = collections.defaultdict(list)
        self.all_observed_error_at_rungs = collections.defaultdict(list)
        self.queue: list[Config] = []

    def suggest(self) -> Config:
        if not self.queue:  # a new round
            for _ in range(self.num_configurations(0)):
                config = self.searcher.sample_configuration()
                self.queue.append({**config, 'max_epochs': self.r_min})
        return self.queue.pop(0)

    def update(self, config: Config, error: float, info: Any = None) -> None:
        level = int(config['max_epochs'])
        if level not in self.rung_levels:
            raise ValueError(
                f'max_epochs must be that of a rung, one of {self.rung_levels}, got {level}'
            )
        self.searcher.update(config, error, additional_info=info)
        self.all_observed_error_at_rungs[level].append((config, error))
        if level == self.rung_levels[-1]:
            return
        done, rung = self.observed_error_at_rungs[level], self.rung_levels.index(level)
        done.append((config, error))
        if len(done) < self.num_configurations(rung):
            return
        best = self.get_top_n_configurations(level, self.num_configurations(rung + 1))
        self.queue = [
            {**config, 'max_epochs': self.rung_levels[rung + 1]} for config in best
        ] + self.queue
        self.observed_error_at_rungs[level] = []

    def num_configurations(self, rung: int) -> int:
        """How many configurations a round tries on a rung, counted from 0."""
        return int(self.prefact * self.eta ** (len(self.rung_levels) - 1 - rung))

    def get_top_n_configurations(self, rung_level: int, n: int) -> list[Config]:
        """The n configurations with the least errors in this round on a rung, the best first."""
        ranked = sorted(self.observed_error_at_rungs[rung_level], key=lambda each: each[1])
        return [config for config, _ in ranked[:n]]
