"""The state of all random numbers: Python's, NumPy's, d2lite's and the framework's."""

import random
from typing import Any

import numpy as np

from d2lite import seeds


def random_state(trainer: Any) -> dict[str, Any]:
    """Where all random numbers are; those of the framework are of this process."""
    return {
        'framework': trainer.serialization.get_random_state(),
        'python': random.getstate(),
        'numpy': np.random.get_state(),
        'd2lite': seeds.get_state(),
    }


def set_random_state(trainer: Any, state: dict[str, Any]) -> None:
    """Puts all random numbers back where `random_state` found them."""
    random.setstate(state['python'])
    np.random.set_state(state['numpy'])
    seeds.set_state(state['d2lite'])
    frameworks, processes = [state['framework'], *state.get('others', [])], trainer.processes
    same = len(frameworks) == processes.size  # else there are other processes now
    trainer.serialization.set_random_state(frameworks[processes.rank if same else 0])
    if not same:
        trainer.draw_own_numbers()


def of_all_processes(trainer: Any, state: dict[str, Any] | None) -> dict[str, Any] | None:
    """A random state, with what the frameworks of the other processes have."""
    if state is None or not trainer.processes.takes_shares:
        return state
    return state | {'others': trainer.processes.all_of(state['framework'])[1:]}
