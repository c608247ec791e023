"""Environments of reinforcement learning, from gymnasium, and pictures of what is learnt."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

__all__ = ['frozen_lake', 'make_env', 'show_Q_function_progress', 'show_value_function_progress']

ARROWS = '←↓→↑'  # of FrozenLake's actions 0 to 3
MOST_PICTURES = 10


def make_env(name: str = '', seed: int = 0) -> dict[str, Any]:
    """The environment `name`: 'FrozenLake-v1'. Raises ValueError for others; see `frozen_lake`."""
    if name == 'FrozenLake-v1':
        return frozen_lake(seed)
    raise ValueError(f"name must be 'FrozenLake-v1', got {name!r}")


def frozen_lake(seed: int) -> dict[str, Any]:
    """FrozenLake on ice that is not slippery, as a dictionary.

    `env`: the environment, `desc`: its map, an array of letters, `num_states`, `num_actions`, and
    `mdp`: by (state, action) the outcomes, tuples whose entries are counted by `trans_prob_idx`,
    `nextstate_idx`, `reward_idx` and `done_idx`. Raises ModuleNotFoundError without gymnasium.
    """
    env = _gymnasium().make('FrozenLake-v1', is_slippery=False)
    env.reset(seed=seed)
    env.action_space.seed(seed)
    model = env.unwrapped
    return {
        'env': env,
        'desc': model.desc,
        'num_states': int(env.observation_space.n),
        'num_actions': int(env.action_space.n),
        'trans_prob_idx': 0,
        'nextstate_idx': 1,
        'reward_idx': 2,
        'done_idx': 3,
        'mdp': {
            (state, action): outcomes
            for state, actions in model.P.items()
            for action, outcomes in actions.items()
        },
    }


def _gymnasium():
    try:
        import gymnasium
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the environments come from gymnasium: pip install 'd2lite[gymnasium]'"
        ) from error
    return gymnasium


def show_value_function_progress(env_desc: Any, V: Any, pi: Any) -> None:
    """Draws values and policy after each iteration.

    `env_desc`: the map, or the dictionary of `make_env`. `V`, `pi`: (iterations, states), the value
    of each state and the action taken there. Raises ValueError for shapes that do not fit.
    """
    _show_grids(env_desc, V, pi, range(len(V)))


def show_Q_function_progress(env_desc: Any, V_all: Any, pi_all: Any) -> None:
    """Draws values and policy of ten iterations, the first and the last among them.

    Takes what `show_value_function_progress` takes.
    """
    last = len(V_all) - 1
    steps = np.linspace(0, last, min(len(V_all), MOST_PICTURES)).round()
    _show_grids(env_desc, V_all, pi_all, [int(step) for step in steps])


def _show_grids(env_desc: Any, V: Any, pi: Any, iterations: Sequence[int]) -> None:
    import matplotlib.pyplot as plt

    desc = env_desc['desc'] if isinstance(env_desc, Mapping) else env_desc
    letters = np.asarray(desc).astype('U1')
    V, pi = np.asarray(V, float), np.asarray(pi, int)
    if V.ndim != 2 or V.shape != pi.shape or V.shape[1] != letters.size:
        raise ValueError(
            f'V and pi must have shape (iterations, {letters.size}), got {V.shape} and {pi.shape}'
        )
    columns = min(5, len(iterations))
    rows = math.ceil(len(iterations) / columns)
    size = (2.2 * columns, 2.4 * rows)
    _, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout='constrained')
    for ax, step in zip(axes.flat, iterations, strict=False):
        _draw_grid(ax, letters, V[step].reshape(letters.shape), pi[step].reshape(letters.shape))
        ax.set_title(f'iteration {step + 1}', fontsize=9)
    for ax in axes.flat[len(iterations) :]:
        ax.set_visible(False)
    plt.show()


def _draw_grid(ax: Axes, letters: np.ndarray, values: np.ndarray, actions: np.ndarray) -> None:
    ax.imshow(values, cmap='Blues', vmin=0, vmax=max(1.0, values.max()))
    ax.set(xticks=[], yticks=[])
    for (row, column), letter in np.ndenumerate(letters):
        arrow = '' if letter in 'GH' else ARROWS[actions[row, column]]
        color = 'white' if values[row, column] > 0.6 else 'black'
        ax.text(column, row, f'{letter}{arrow}', ha='center', va='center', color=color)
