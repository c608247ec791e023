"""Searchers: they propose configurations, dictionaries of hyperparameters by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from d2lite.hyperparameters import HyperParameters
from d2lite.seeds import next_seed

__all__ = ['Config', 'HPOSearcher', 'RandomSearcher']

Config = dict[str, Any]


class HPOSearcher(HyperParameters):
    """The base of what proposes configurations.

    Definition: d2l, section "Hyperparameter Optimization API".
    """

    def sample_configuration(self) -> Config:
        """A configuration to try next."""
        raise NotImplementedError(f'{type(self).__name__} must define sample_configuration()')

    def update(self, config: Config, error: float, additional_info: Any = None) -> None:
        """Takes note of the error that `config` led to; a searcher may learn from it."""


class RandomSearcher(HPOSearcher):
    """Draws each hyperparameter from its own distribution, whatever came before.

    `config_space`: distributions of `scipy.stats` by name. `initial_config`: the first proposal, by
    default a drawn one. `seed_everything` makes the draws the same in each run. Raises TypeError
    for what is no distribution.
    """

    def __init__(
        self, config_space: Mapping[str, Any], initial_config: Config | None = None
    ) -> None:
        self.save_hyperparameters()
        for name, distribution in config_space.items():
            if not hasattr(distribution, 'rvs'):
                raise TypeError(
                    f'config_space[{name!r}] must be a distribution of scipy.stats, e.g. '
                    f'stats.loguniform(1e-3, 1), got {distribution!r}'
                )
        self.rng = np.random.default_rng(next_seed('search'))

    def sample_configuration(self) -> Config:
        if self.initial_config is not None:
            config, self.initial_config = dict(self.initial_config), None
            return config
        draws = {name: each.rvs(random_state=self.rng) for name, each in self.config_space.items()}
        # As plain numbers: a model or a DataModule may ask for an int.
        return {name: np.asarray(draw).item() for name, draw in draws.items()}
