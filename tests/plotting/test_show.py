"""In a script, `plt.show()` shows boards and Animators, as they are by then."""

import copy
import pickle
import warnings

import matplotlib.pyplot as plt
import pytest
import showing_backend

from d2lite.plotting import figures, notebook
from d2lite.plotting.animator import Animator
from d2lite.plotting.board import ProgressBoard


@pytest.fixture(autouse=True)
def windows():
    """The curves of each of the axes of each figure that `plt.show()` has shown."""
    plt.close('all')
    plt.switch_backend('module://showing_backend')
    yield showing_backend.shown
    showing_backend.shown.clear()
    plt.close('all')
    plt.switch_backend('agg')


def test_the_board_of_a_training(d2l, windows):
    data = d2l.SyntheticRegressionData(w=d2l.tensor([2, -3.4]), b=4.2, num_train=8, num_val=8)
    model = d2l.LinearRegressionScratch(2, lr=0.03)
    d2l.Trainer(max_epochs=2).fit(model, data)
    d2l.plt.show()
    expected = [[[p.x, p.y] for p in points] for points in model.board.data.values()]
    assert windows == [[expected]] and len(expected) == 2


def test_a_board_has_the_points_that_came_after_it_was_opened(windows):
    board = ProgressBoard()
    board.draw(0, 1, 'a')
    board.draw(1, 2, 'a')
    plt.show()
    board.draw(2, 3, 'a')
    plt.show()
    assert windows == [[[[[0, 1], [1, 2]]]], [[[[0, 1], [1, 2], [2, 3]]]]]


def test_an_animator_with_other_axes(windows):
    animator = Animator(nrows=2)
    for x in range(2):
        animator.add(x, (x, -x))
        animator.axes[1].cla()
        animator.axes[1].plot([x, x + 1], [5, 6])
    plt.show()
    assert windows == [[[[[0, 0], [1, 1]], [[0, 0], [1, -1]]], [[[1, 5], [2, 6]]]]]


def test_savefig_has_the_newest_points(tmp_path):
    animator = Animator()
    animator.add(0, 1)
    plt.savefig(tmp_path / 'one.png')
    animator.add(1, 1)
    plt.savefig(tmp_path / 'two.png')
    (line,) = plt.gca().lines
    assert line.get_xydata().tolist() == [[0, 1], [1, 1]]
    assert (tmp_path / 'one.png').read_bytes() != (tmp_path / 'two.png').read_bytes()


def test_pause_draws_what_is_new():
    animator = Animator()
    figure = plt.gcf()
    animator.add(0, 1)
    figure.canvas.draw()
    assert not figure.stale
    animator.add(1, 1)
    assert figure.stale  # which `plt.pause` looks at


def test_axes_of_pyplot_are_kept_up_to_date(windows):
    _, (left, right) = plt.subplots(1, 2)
    board = ProgressBoard(axes=right)
    board.draw(0, 1, 'a')
    board.draw(1, 1, 'a')
    left.plot([5, 6])
    plt.show()
    assert windows == [[[[[0, 5], [1, 6]]], [[[0, 1], [1, 1]]]]]


def test_display_false_opens_no_window(windows):
    board = ProgressBoard(display=False)
    board.draw(0, 1, 'a')
    assert board.fig.axes[0].lines and plt.get_fignums() == []


def test_a_notebook_shows_it_without_pyplot(monkeypatch):
    monkeypatch.setattr(notebook, '_shell', lambda: type('Shell', (), {'kernel': None}))
    monkeypatch.setattr(ProgressBoard, 'show', lambda board: board.figure())
    ProgressBoard().draw(0, 1, 'a')
    Animator()
    assert plt.get_fignums() == []


@pytest.mark.parametrize('copied', [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
@pytest.mark.parametrize('cls', [ProgressBoard, Animator])
def test_a_copy_opens_no_window(cls, copied):
    plot = cls()
    plot.figure()
    copied(plot)
    assert len(plt.get_fignums()) == 1


def test_a_second_training_opens_a_window_that_was_closed(windows):
    board = ProgressBoard()
    for y in (1, 2):
        board.begin()
        board.draw(0, y, 'a')
        plt.show()
        plt.close('all')
    assert windows == [[[[[0, 1]]]], [[[[0, 2]]]]]


def test_plot_leaves_the_board_alone(windows):
    ProgressBoard().draw(0, 1, 'a')
    figures.plot([5, 6])
    figures.plot([7, 8])  # as everywhere outside of a notebook, in the axes of the one before
    plt.show()
    assert windows == [[[[[0, 1]]]], [[[[0, 7], [1, 8]]]]]


def test_many_trainings_are_no_reason_to_warn():
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for _ in range(25):
            ProgressBoard().draw(0, 1, 'a')
    assert len(plt.get_fignums()) == 25
