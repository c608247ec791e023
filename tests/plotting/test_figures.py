"""plot, set_axes, set_figsize, show_images and show_heatmaps."""

import numpy as np
import pandas as pd
import pytest

from d2lite.plotting import figures


@pytest.fixture(autouse=True)
def clean():
    figures.plt.close('all')
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


def knowing_gradient(d2l, values):
    """A tensor that the framework differentiates with respect to, as it is within a lesson."""
    if d2l.Module.backend == 'pytorch':
        return d2l.tensor(values).requires_grad_()
    if d2l.Module.backend == 'tensorflow':
        import tensorflow as tf

        return tf.Variable(values)
    tensor = d2l.tensor(values)
    if d2l.Module.backend == 'mxnet':
        tensor.attach_grad()
    return tensor


def test_tensors_that_know_their_gradient(d2l):
    x = knowing_gradient(d2l, [0.0, 1.0])
    d2l.plot(x, [x, 2 * x])
    assert curves(d2l.plt.gca()) == [[[0, 0], [1, 1]], [[0, 0], [1, 2]]]
    d2l.plot([x[0], x[1]], [2 * x[0], 2 * x[1]])
    assert curves(d2l.plt.gca()) == [[[0, 0], [1, 2]]]


@pytest.mark.parametrize('index', [[0, 1, 2], [2, 1, 0], [7, 8, 9], ['b', 'a', 'c'], [1, 1, 1]])
def test_a_series_of_pandas_in_its_own_order(index):
    series = pd.Series([3.0, 1.0, 2.0], index=index)
    figures.plot(series)
    assert curves(figures.plt.gca()) == [[[0, 3], [1, 1], [2, 2]]]
    figures.plot(series, [series, 2 * series])
    assert curves(figures.plt.gca()) == [[[3, 3], [1, 1], [2, 2]], [[3, 6], [1, 2], [2, 4]]]


def test_a_table_of_pandas_is_a_curve_for_each_column():
    table = pd.DataFrame({'a': [1, 2], 'b': [3, 4]}, index=['x', 'y'])
    figures.plot([5, 6], table)
    assert curves(figures.plt.gca()) == [[[5, 1], [6, 2]], [[5, 3], [6, 4]]]


def test_dates_and_words_on_the_x_axis():
    for x in (pd.date_range('2026-01-01', periods=2), ['a', 'b']):
        figures.plot(x, [1, 2])
        (line,) = figures.plt.gca().lines
        assert list(line.get_xdata()) == list(np.asarray(x)) and list(line.get_ydata()) == [1, 2]


def test_generators(d2l):
    figures.plot(i * i for i in range(3))
    assert curves(figures.plt.gca()) == [[[0, 0], [1, 1], [2, 4]]]
    figures.plot(range(2), (float(i) for i in range(2)))
    assert curves(figures.plt.gca()) == [[[0, 0], [1, 1]]]
    figures.plot((i for i in range(2)), [map(float, [3, 4]), (i for i in (5, 6))])
    assert curves(figures.plt.gca()) == [[[0, 3], [1, 4]], [[0, 5], [1, 6]]]
    d2l.plot(range(2), (d2l.ones(2) * i for i in range(2)))
    assert curves(d2l.plt.gca()) == [[[0, 0], [1, 0]], [[0, 1], [1, 1]]]


def test_a_number_is_no_curve():
    with pytest.raises(ValueError, match='plot needs numbers in a list or a tensor, got 5'):
        figures.plot(5)


def test_set_figsize(d2l):
    d2l.set_figsize((2, 1))
    assert d2l.plt.rcParams['figure.figsize'] == [2, 1]


def shown(axes):
    return [ax.images[0].get_array() if ax.images else None for ax in axes]


def test_images_in_a_grid_with_titles(d2l):
    images = d2l.rand(3, 4, 5)
    axes = d2l.show_images(images, 2, 2, titles=['a', 'b', 'c'], scale=2)
    assert len(axes) == 4 and axes[0].figure.get_size_inches().tolist() == [4, 4]
    for found, expected in zip(shown(axes[:3]), d2l.numpy(images), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert shown(axes)[3] is None
    assert [ax.get_title() for ax in axes] == ['a', 'b', 'c', '']


def test_a_single_image_has_axes_in_an_array_too():
    (ax,) = figures.show_images([np.eye(3)], 1, 1)
    assert shown([ax])[0].tolist() == np.eye(3).tolist()


@pytest.mark.parametrize(
    'shape, expected',
    [
        ((5, 6), (5, 6)),
        ((1, 5, 6), (5, 6)),
        ((5, 6, 1), (5, 6)),
        ((5, 6, 3), (5, 6, 3)),
        ((3, 5, 6), (5, 6, 3)),
        ((4, 5, 6), (5, 6, 4)),
    ],
)
def test_channels_first_or_last_or_none(shape, expected):
    image = np.random.default_rng(0).random(shape)
    (ax,) = figures.show_images([image], 1, 1)
    found = shown([ax])[0]
    assert found.shape == expected
    channels_last = image if shape[0] == 5 else np.moveaxis(image, 0, -1)
    np.testing.assert_array_equal(found, channels_last.reshape(expected))


def test_images_of_pillow_and_more_than_find_a_place(d2l):
    from PIL import Image

    pictures = [Image.new('RGB', (6, 5), 'red') for _ in range(3)]
    axes = d2l.show_images(pictures, 1, 2, titles=['a', 'b'])
    assert [image.shape for image in shown(axes)] == [(5, 6, 3), (5, 6, 3)]


def test_images_that_are_none_and_titles_that_are_missing_are_refused():
    with pytest.raises(ValueError, match=r'an image is \(height, width\).* got shape \(2, 5, 6\)'):
        figures.show_images(np.zeros((1, 2, 5, 6)), 1, 1)
    with pytest.raises(ValueError, match='a title for each of 3 images, got 2'):
        figures.show_images(np.zeros((3, 5, 6)), 1, 3, titles=['a', 'b'])
    assert figures.plt.get_fignums() == []  # no empty figure is left behind


def test_heatmaps_share_one_scale(d2l):
    matrices = d2l.reshape(d2l.arange(2 * 3 * 4 * 5), (2, 3, 4, 5))
    d2l.show_heatmaps(matrices, 'Keys', 'Queries', titles=['a', 'b', 'c'], cmap='Blues')
    figure = d2l.plt.gcf()
    *axes, bar = figure.axes
    assert len(axes) == 6 and all(ax.images[0].get_clim() == (0, 119) for ax in axes)
    assert (bar.get_ylim(), axes[0].images[0].get_cmap().name) == ((0, 119), 'Blues')
    for ax, matrix in zip(axes, d2l.numpy(matrices).reshape(6, 4, 5), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), matrix)
    assert [ax.get_title() for ax in axes] == ['a', 'b', 'c'] * 2
    assert [ax.get_xlabel() for ax in axes] == [''] * 3 + ['Keys'] * 3
    assert [ax.get_ylabel() for ax in axes] == ['Queries', '', ''] * 2


def test_heatmaps_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r'got \(3, 4\): one matrix M is M.reshape'):
        figures.show_heatmaps(np.zeros((3, 4)), 'x', 'y')
    with pytest.raises(ValueError, match=r'got \(1, 0, 3, 4\)'):
        figures.show_heatmaps(np.zeros((1, 0, 3, 4)), 'x', 'y')
    with pytest.raises(ValueError, match='needs 2 titles, got'):
        figures.show_heatmaps(np.zeros((1, 2, 3, 4)), 'x', 'y', titles=['a'])
    assert figures.plt.get_fignums() == []


def test_the_curves_of_a_matrix_are_its_rows(d2l):
    rows = d2l.reshape(d2l.arange(6), (2, 3))
    d2l.plot(d2l.arange(3), rows, legend=['a', 'b'])
    assert curves(d2l.plt.gca()) == [[[0, 0], [1, 1], [2, 2]], [[0, 3], [1, 4], [2, 5]]]
