"""Animator: several curves that grow together, drawn as the ProgressBoard draws."""

import copy
import pickle

import pytest
from matplotlib.colors import same_color

from d2lite.plotting import live
from d2lite.plotting import notebook as notebook_module
from d2lite.plotting.animator import Animator


def curves(animator):
    return [line.get_xydata().tolist() for line in animator.figure().axes[0].lines]


def test_three_curves_with_gaps(d2l):
    animator = d2l.Animator('epoch', legend=['train loss', 'train acc', 'test acc'], xlim=[1, 3])
    animator.add(1, (d2l.reduce_sum(d2l.tensor([0.25, 0.25])), 0.5, None))
    animator.add(2, [0.25, None, 0.75])
    assert curves(animator) == [[[1, 0.5], [2, 0.25]], [[1, 0.5]], [[2, 0.75]]]
    animator.add([3, 3, 2.5], [0, 1, 1])
    assert curves(animator)[2] == [[2, 0.75], [2.5, 1]]
    (axes,) = animator.fig.axes
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ['train loss', 'train acc', 'test acc']
    assert (axes.get_xlabel(), axes.get_xlim()) == ('epoch', (1, 3))
    assert [line.get_linestyle() for line in axes.lines] == ['-', '--', '-.']
    assert [line.get_color() for line in axes.lines][1:] == ['m', 'g']


def test_what_pages_read_of_it(d2l):
    animator = d2l.Animator(xlabel='epoch', legend=['loss', 'accuracy'])
    assert (animator.X, animator.Y) == (None, None)
    assert animator.fmts == ('-', 'm--', 'g-.', 'r:')
    loss = d2l.reduce_sum(d2l.tensor([0.25, 0.25]))
    animator.add(1, (loss, None))
    animator.add(d2l.reduce_sum(d2l.ones(2)), (0.25, 1))
    assert (animator.X, animator.Y) == ([[1, 2], [2]], [[0.5, 0.25], [1]])
    assert {type(y) for y in animator.Y[0]} == {float}  # no tensors, which keep their graphs
    assert f'loss {animator.Y[0][-1]:.3f}' == 'loss 0.250'
    assert animator.axes[0] in animator.fig.axes
    assert [line.get_xydata().tolist() for line in animator.axes[0].lines] == curves(animator)


def test_a_page_begins_again_and_changes_the_formats():
    animator = Animator(fmts=['-'])
    animator.add(0, (1, 2))
    animator.X, animator.Y, animator.fmts = None, None, ['r:']
    animator.add(0, 3)
    (line,) = animator.axes[0].lines
    assert line.get_xydata().tolist() == [[0, 3]]
    assert (line.get_color(), line.get_linestyle()) == ('r', ':')


def test_config_axes_is_called_for_each_frame():
    animator = Animator(xlabel='x')
    axes = animator.axes[0]
    axes.set_xlabel('something else')
    animator.config_axes()
    assert axes.get_xlabel() == 'x'
    seen = []

    def mine():  # as a page's own reads them, while a frame is drawn
        seen.append(len(animator.axes[0].lines))
        animator.fig.axes[0].set_xlabel('mine')

    animator.config_axes = mine
    animator.add(0, 1)
    assert animator.axes[0].get_xlabel() == 'mine'
    assert seen == [1]  # once a frame, with its line


def test_a_page_clears_the_axes():
    animator = Animator()
    animator.add(0, 1)
    animator.axes[0].cla()
    animator.add(1, 2)
    assert curves(animator) == [[[0, 1], [1, 2]]]


def test_words_on_the_x_axis():
    animator = Animator()
    animator.add('Monday', 1)
    animator.add('Tuesday', (2,))
    assert animator.X == [['Monday', 'Tuesday']] and len(animator.axes[0].lines[0].get_xdata()) == 2


def test_a_copy_has_a_figure_of_its_own():
    animator = Animator(nrows=2)
    animator.add(0, 1)
    twin = copy.deepcopy(animator)
    twin.add(1, 2)
    assert (animator.Y, twin.Y) == ([[1]], [[1, 2]])
    assert twin.fig is not animator.fig and len(twin.axes) == 2
    assert pickle.loads(pickle.dumps(animator)).Y == [[1]]


def test_one_curve_and_tensors_of_no_axes(d2l):
    animator = d2l.Animator()
    animator.add(0, d2l.reduce_sum(d2l.ones(3)))
    animator.add(1, 2.0)
    assert curves(animator) == [[[0, 3], [1, 2]]]


def test_nothing_yet_and_more_curves_than_formats():
    animator = Animator(yscale='log')
    assert curves(animator) == []
    animator.add(0, [1, 2, 3, 4, 5])
    assert len(curves(animator)) == 5 and animator.axes[0].get_yscale() == 'log'


def test_the_grid_stays_and_lines_are_updated(tmp_path):
    animator = Animator(xlabel='x')
    for x in range(3):
        animator.add(x, [x, -x])
        animator.save(tmp_path / f'{x}.png')
    lines = animator.axes[0].lines
    first, second = [line.get_color() for line in lines]
    assert same_color(first, 'C0') and same_color(second, 'm')  # and not the next one each time
    assert all(line.get_visible() for line in animator.axes[0].get_xgridlines())


def test_a_lesson_draws_into_the_other_axes():
    animator = Animator(nrows=2, ncols=1, figsize=(5, 5))
    animator.axes[1].scatter([0, 1], [1, 0])
    animator.add(0, (1, 2))
    assert curves(animator) == [[[0, 1]], [[0, 2]]]
    assert len(animator.axes[1].collections) == 1 and len(animator.axes) == 2


def test_another_number_of_curves_is_refused():
    animator = Animator()
    animator.add(0, (1, 2))
    for x, y in [(1, 3), (1, (1, 2, 3)), ([1, 2, 3], (1, 2))]:
        with pytest.raises(ValueError, match='this Animator has 2 curves, got'):
            animator.add(x, y)
    assert curves(animator) == [[[0, 1]], [[0, 2]]]


def test_in_a_notebook_one_display_is_updated_and_frames_are_throttled(monkeypatch):
    class Shell:
        kernel = object()
        callbacks = []
        events = type(
            'Events',
            (),
            {
                'register': lambda _, event, callback: Shell.callbacks.append(callback),
                'unregister': lambda _, event, callback: Shell.callbacks.remove(callback),
            },
        )()

    import IPython.display

    frames = []

    class Handle:
        def update(self, image):
            frames.append(image)

    def display(image, display_id):
        frames.append(image)
        return Handle()

    monkeypatch.setattr(notebook_module, '_shell', lambda: Shell)
    monkeypatch.setattr(IPython.display, 'display', display)
    monkeypatch.setattr(live, 'SECONDS_BETWEEN_FRAMES', 60)
    animator = Animator(legend=['a', 'b'])
    for x in range(50):
        animator.add(x, (x, -x))
    assert len(frames) == 1
    for callback in list(Shell.callbacks):  # the cell ends
        callback()
    assert len(frames) == 2 and '<svg' in frames[1]._repr_svg_() and repr(frames[1]) == '<Animator>'
    assert len(animator.axes[0].lines[1].get_xdata()) == 50
