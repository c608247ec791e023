"""Kernels and environments, which know no framework."""

import builtins

import matplotlib.pyplot as plt
import numpy as np
import pytest

from d2lite.environments import make_env, show_Q_function_progress, show_value_function_progress
from d2lite.kernels import rbfkernel


def test_rbfkernel_by_its_formula():
    x1, x2 = np.array([0.0, 1.0, 3.0]), np.array([1.0, -2.0])
    expected = [[np.exp(-((a - b) ** 2) / 2 / 4.0) for b in x2] for a in x1]
    np.testing.assert_allclose(rbfkernel(x1, x2), expected, rtol=1e-12)
    np.testing.assert_allclose(rbfkernel(x1, x1, ls=0.5).diagonal(), 1)
    vectors = np.array([[0.0, 3.0], [4.0, 0.0]])
    np.testing.assert_allclose(rbfkernel(vectors, vectors, ls=2.0)[0, 1], np.exp(-25 / 4))


@pytest.mark.parametrize('shapes', [((2, 3), (2, 4)), ((2, 3, 4), (2, 3, 4)), ((2, 3), (5,))])
def test_rbfkernel_refuses_what_does_not_fit(shapes):
    with pytest.raises(ValueError, match=r'x1 must have shape \(n,\) or \(n, d\)'):
        rbfkernel(*map(np.zeros, shapes))


def test_rbfkernel_refuses_a_length_of_zero():
    with pytest.raises(ValueError, match='ls must be above 0, got 0'):
        rbfkernel([0.0], [1.0], ls=0)


@pytest.fixture
def lake():
    pytest.importorskip('gymnasium')
    return make_env('FrozenLake-v1', seed=3)


def test_frozen_lake_as_a_table(lake):
    assert lake['num_states'] == 16 and lake['num_actions'] == 4
    assert lake['desc'].astype(str).tolist()[0] == list('SFFF')
    assert set(lake['mdp']) == {(s, a) for s in range(16) for a in range(4)}
    (outcome,) = lake['mdp'][14, 2]  # from the left of the goal to the right
    found = [outcome[lake[name]] for name in ('trans_prob_idx', 'nextstate_idx', 'reward_idx')]
    assert found == [1, 15, 1] and outcome[lake['done_idx']]
    lake['env'].reset()
    state, reward, *_ = lake['env'].step(1)  # down
    assert (state, reward) == (4, 0)


def test_actions_follow_the_seed(lake):
    drawn = [lake['env'].action_space.sample() for _ in range(20)]
    again = make_env('FrozenLake-v1', seed=3)
    assert drawn == [again['env'].action_space.sample() for _ in range(20)]


def test_another_environment_is_refused():
    with pytest.raises(ValueError, match="name must be 'FrozenLake-v1', got 'CartPole-v1'"):
        make_env('CartPole-v1')


def test_without_gymnasium_the_line_to_install_it_is_told(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == 'gymnasium':
            raise ModuleNotFoundError("No module named 'gymnasium'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, '__import__', refuse)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'd2lite\[gymnasium\]'"):
        make_env('FrozenLake-v1')


def values_of(lake, num_iterations, gamma=0.95):
    """Value iteration: (iterations, states) values and actions."""
    V, pi = np.zeros((num_iterations + 1, 16)), np.zeros((num_iterations + 1, 16), int)
    for k in range(1, num_iterations + 1):
        Q = np.zeros((16, 4))
        for (s, a), outcomes in lake['mdp'].items():
            Q[s, a] = sum(p * (r + gamma * V[k - 1, n]) for p, n, r, _ in outcomes)
        V[k], pi[k] = Q.max(axis=1), Q.argmax(axis=1)
    return V[1:], pi[1:]


def test_pictures_of_value_iteration(lake, monkeypatch):
    monkeypatch.setattr(plt, 'show', lambda: None)
    plt.close('all')
    V, pi = values_of(lake, 10)
    show_value_function_progress(lake['desc'], V, pi)
    figure = plt.gcf()
    assert [ax.get_title() for ax in figure.axes] == [f'iteration {k}' for k in range(1, 11)]
    last = figure.axes[-1]
    np.testing.assert_allclose(last.images[0].get_array(), V[-1].reshape(4, 4))
    assert [text.get_text() for text in last.texts][:2] == ['S↓', 'F→']
    assert {text.get_text() for text in last.texts} >= {'G', 'H'}
    plt.close('all')


def test_pictures_of_many_iterations_are_ten(lake, monkeypatch):
    monkeypatch.setattr(plt, 'show', lambda: None)
    plt.close('all')
    V, pi = values_of(lake, 95)
    show_Q_function_progress(lake, V, pi)  # takes the dictionary, too
    titles = [ax.get_title() for ax in plt.gcf().axes]
    assert len(titles) == 10 and (titles[0], titles[-1]) == ('iteration 1', 'iteration 95')
    plt.close('all')


def test_shapes_that_do_not_fit_are_told(lake):
    with pytest.raises(ValueError, match=r'V and pi must have shape \(iterations, 16\), got'):
        show_value_function_progress(lake, np.zeros((3, 9)), np.zeros((3, 9)))
