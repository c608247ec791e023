"""plot, set_axes and set_figsize."""

import pytest

from d2lite import figures


@pytest.fixture(autouse=True)
def clean():
    yield
    figures.plt.close('all')
    figures.plt.rcdefaults()


def curves(axes):
    return [line.get_xydata().tolist() for line in axes.lines]


def test_curves_over_x(d2l):
    x = d2l.linspace(0, 2, 3)
    d2l.plot(x, [x, 2 * x], 'x', 'f(x)', legend=['x', '2x'], ylim=[-1, 5])
    axes = d2l.plt.gca()
    assert curves(axes) == [[[0, 0], [1, 1], [2, 2]], [[0, 0], [1, 2], [2, 4]]]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_ylim()) == ('x', 'f(x)', (-1, 5))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ['x', '2x']


def test_one_curve_over_its_index():
    figures.plot([3, 1, 2])
    assert curves(figures.plt.gca()) == [[[0, 3], [1, 1], [2, 2]]]


def test_several_curves_over_their_indices():
    figures.plot([[3, 1], [1, 2]])
    assert curves(figures.plt.gca()) == [[[0, 3], [1, 1]], [[0, 1], [1, 2]]]


def test_more_curves_than_formats_and_axes_of_ones_own():
    _, axes = figures.plt.subplots()
    figures.plot([1, 2], [[i, i] for i in range(6)], axes=axes, xscale='log')
    assert len(axes.lines) == 6 and axes.get_xscale() == 'log'


def test_curves_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r'X has curves of \[2\] points, Y of \[3\]'):
        figures.plot([1, 2], [1, 2, 3])


def test_tensors_that_know_their_gradient(d2l):
    if d2l.Module.backend != 'pytorch':
        pytest.skip('only PyTorch refuses to convert these')
    d2l.plot(d2l.ones(2, requires_grad=True))
    assert curves(d2l.plt.gca()) == [[[0, 1], [1, 1]]]


def test_set_figsize(d2l):
    d2l.set_figsize((2, 1))
    assert d2l.plt.rcParams['figure.figsize'] == [2, 1]
