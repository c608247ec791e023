"""ProgressBoard: the book's meaning of every_n, and what drawing costs."""

import copy
import pickle

import pytest
from matplotlib.figure import Figure

from d2lite.plotting import notebook as notebook_module
from d2lite.plotting.board import Point, ProgressBoard


def test_every_point_is_the_mean_of_every_n():
    board = ProgressBoard()
    for x in range(10):
        board.draw(x, x * x, 'a', every_n=4)
        board.draw(x, -x, 'b')
    assert board.data['a'] == [Point(1.5, 3.5), Point(5.5, 31.5)]
    assert board.data['b'] == [Point(x, -x) for x in range(10)]
    # What is no complete mean yet is kept, and goes into the next one.
    assert board.raw_points['a'] == [(8, 64), (9, 81)]
    board.draw(10, 100, 'a', every_n=4)
    board.draw(11, 121, 'a', every_n=4)
    assert board.data['a'][-1] == Point(9.5, 91.5)


def test_a_smaller_every_n_later_does_not_end_the_line():
    board = ProgressBoard()
    for x in range(3):
        board.draw(x, x, 'a', every_n=5)
    board.draw(3, 3, 'a', every_n=2)
    assert board.data['a'] == [Point(1.5, 1.5)]


def test_every_n_below_one_is_refused():
    with pytest.raises(ValueError, match='every_n must be at least 1, got 0'):
        ProgressBoard().draw(0, 0, 'a', every_n=0)


def test_a_value_is_read_when_its_mean_is_complete():
    class OnDevice:
        reads = 0

        def __float__(self):
            OnDevice.reads += 1
            return 1.0

    board = ProgressBoard()
    for x in range(5):
        board.draw(x, OnDevice(), 'a', every_n=3)
    assert OnDevice.reads == 3 and len(board.data['a']) == 1
    board.draw(5, OnDevice(), 'a', every_n=3)
    assert OnDevice.reads == 6 and len(board.data['a']) == 2


def test_begin_empties_the_plot():
    board = ProgressBoard()
    board.draw(0, 1, 'a')
    board.draw(0, 1, 'b', every_n=2)
    board.figure()
    board.begin(xlim=[0, 5], xlabel='epoch')
    assert board.data == {} and board.raw_points == {}
    assert (board.xlim, board.xlabel) == ([0, 5], 'epoch')
    board.draw(1, 2, 'c')
    (line,) = board.figure().axes[0].lines
    assert line.get_label() == 'c' and list(line.get_xdata()) == [1]
    board.xlabel = 'step'
    board.begin(xlabel='epoch')
    assert board.xlabel == 'step'


def test_a_board_is_copied_and_pickled_without_its_display():
    board = ProgressBoard()
    board.draw(0, 1, 'a')
    board._handle = lambda: None  # not to be pickled
    assert pickle.loads(pickle.dumps(board)).data == board.data


@pytest.mark.parametrize('copied', [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_draws_a_figure_of_its_own(copied):
    board = ProgressBoard()
    board.draw(0, 1, 'a')
    board.figure()
    twin = copied(board)
    twin.begin()
    twin.draw(0, 2, 'b')
    assert [line.get_label() for line in twin.figure().axes[0].lines] == ['b']
    assert [line.get_label() for line in board.figure().axes[0].lines] == ['a']


def test_lines_are_updated_and_not_added():
    board = ProgressBoard(xlabel='epoch', xlim=[0, 3])
    for x in range(50):
        board.draw(x / 20, x, 'train_loss')
        board.draw(x / 20, 2 * x, 'val_loss')
        board.figure()
    axes = board.fig.axes[0]
    assert len(axes.lines) == 2 and len(board.fig.axes) == 1
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ['train_loss', 'val_loss']
    assert list(axes.lines[1].get_ydata()) == [2.0 * x for x in range(50)]
    assert axes.get_xlabel() == 'epoch' and axes.get_xlim() == (0, 3)
    low, high = axes.get_ylim()
    assert low <= 0 and high >= 98


def test_more_lines_than_styles_are_all_drawn():
    board = ProgressBoard()
    for label in range(7):
        board.draw(0, label, f'line {label}')
    assert len(board.figure().axes[0].lines) == 7


def test_a_figure_of_ones_own_is_drawn_into():
    figure = Figure()
    axes = figure.subplots(1, 2)
    board = ProgressBoard(fig=figure, axes=axes[1], yscale='log')
    board.draw(0, 1, 'a')
    assert board.figure() is figure
    assert len(axes[1].lines) == 1 and len(axes[0].lines) == 0 and axes[1].get_yscale() == 'log'


def test_what_pages_read_of_it(d2l):
    board = d2l.ProgressBoard(xlabel='x')
    for x in range(2):
        board.draw(x, d2l.reduce_sum(d2l.ones(2) * x), 'a')
        assert len(board.axes.lines[0].get_xdata()) == x + 1
    assert board.fig.axes == [board.axes] and board.axes.get_xlabel() == 'x'
    assert [(point.x, point.y) for point in board.data['a']] == [(0, 0), (1, 2)]


def test_figure_and_axes_are_given_later():
    figure, axes = Figure(), Figure().subplots()
    board = ProgressBoard()
    board.fig = figure
    board.draw(0, 1, 'a')
    assert len(figure.axes[0].lines) == 1 and board.fig is figure
    board.axes = axes
    board.draw(1, 1, 'a')
    assert len(axes.lines[0].get_xdata()) == 2 and board.fig is axes.figure
    board.fig = None
    assert board.fig not in (figure, axes.figure)


def test_the_figure_is_saved(tmp_path):
    board = ProgressBoard()
    board.draw(0, 1, 'a')
    board.draw(1, 0, 'a')
    board.save(tmp_path / 'loss.svg')
    board.save(tmp_path / 'loss.png')
    assert '<svg' in (tmp_path / 'loss.svg').read_text()
    assert (tmp_path / 'loss.png').read_bytes().startswith(b'\x89PNG')


class Notebook:
    """Stands for the shell of a Jupyter kernel."""

    kernel = object()

    def __init__(self):
        self.callbacks = []
        self.events = self

    def register(self, event, callback):
        assert event == 'post_run_cell'
        self.callbacks.append(callback)

    def unregister(self, event, callback):
        self.callbacks.remove(callback)


@pytest.fixture
def notebook(monkeypatch):
    shell = Notebook()
    shell.frames = []
    monkeypatch.setattr(notebook_module, '_shell', lambda: shell)
    monkeypatch.setattr(ProgressBoard, 'show', lambda board: shell.frames.append(dict(board.data)))
    return shell


class Clock:
    """Time that passes only where a test says so."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr('d2lite.plotting.live.time', made)
    return made


def test_frames_are_throttled_and_the_last_one_is_drawn(notebook, monkeypatch, clock):
    monkeypatch.setattr(
        ProgressBoard,
        'show',
        lambda board: (
            setattr(board, '_next_frame', clock.now + 0.1),
            notebook.frames.append(len(board.data['a'])),
        ),
    )
    board = ProgressBoard()
    for x in range(100):
        board.draw(x, x, 'a')
        clock.now += 1 / 128
    assert len(notebook.frames) == 8  # of 100 draws in 0.78 s, the first one at once
    for callback in list(notebook.callbacks):  # the cell ends
        callback(None)
    assert notebook.frames[-1] == 100
    assert notebook.callbacks == []


def test_slow_frames_leave_time_for_the_training(monkeypatch, clock):
    frames = []

    class Display:
        def update(self, board):
            frames.append(clock.now)
            clock.now += 0.05

    def display(board, display_id):
        Display().update(board)
        return Display()

    shell = Notebook()
    monkeypatch.setattr(notebook_module, '_shell', lambda: shell)
    monkeypatch.setattr('IPython.display.display', display)
    board = ProgressBoard()
    while clock.now < 1:
        board.draw(0, 0, 'a')
        clock.now += 0.001
    board.finish()
    # Each takes 0.05 s, and then 0.25 s belong to the training: at 0, 0.3, 0.6, 0.9, and the last.
    assert len(frames) == 5
    assert frames[:4] == pytest.approx([0, 0.3, 0.6, 0.9], abs=0.02)


def test_display_false_shows_nothing(notebook):
    board = ProgressBoard(display=False)
    board.draw(0, 0, 'a')
    board.finish()
    assert notebook.frames == [] and notebook.callbacks == [] and board.data['a']


def test_the_40th_draw_adds_no_more_to_the_figure_than_the_10th():
    """A line at each draw, as one might add, would make drawing ever slower."""
    board, counts = ProgressBoard(), []
    for x in range(40):
        board.draw(x, x, 'a')
        board.draw(x, -x, 'b')
        counts.append(len(board.figure().axes[0].get_children()))
    assert len(set(counts[1:])) == 1
