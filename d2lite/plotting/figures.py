"""Figures of the lessons: curves, images and heatmaps, on matplotlib's pyplot."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from d2lite.plotting.live import new_axes
from d2lite.plotting.notebook import in_notebook


def use_svg_display() -> None:
    """Shows figures as SVG in a Jupyter notebook; does nothing elsewhere."""
    if in_notebook():
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats('svg')


def set_figsize(figsize: tuple[float, float] = (3.5, 2.5)) -> None:
    """Sets the size of later figures: (width, height) in inches."""
    use_svg_display()
    plt.rcParams['figure.figsize'] = figsize


def set_axes(
    axes: Axes,
    xlabel: str | None,
    ylabel: str | None,
    xlim: Sequence[float] | None,
    ylim: Sequence[float] | None,
    xscale: str,
    yscale: str,
    legend: Sequence[str] | None,
) -> None:
    """Sets labels, limits, scales, legend and a grid of matplotlib axes.

    Limits that are None stay as they are; labels that are None become empty.
    """
    axes.set(xlabel=xlabel or '', ylabel=ylabel or '', xscale=xscale, yscale=yscale)
    if xlim is not None:
        axes.set_xlim(xlim)
    if ylim is not None:
        axes.set_ylim(ylim)
    if legend:
        axes.legend(legend)
    axes.grid(True)


def plot(
    X: Any,
    Y: Any = None,
    xlabel: str | None = None,
    ylabel: str | None = None,
    legend: Sequence[str] = (),
    xlim: Sequence[float] | None = None,
    ylim: Sequence[float] | None = None,
    xscale: str = 'linear',
    yscale: str = 'linear',
    fmts: Sequence[str] = ('-', 'm--', 'g-.', 'r:'),
    figsize: tuple[float, float] = (3.5, 2.5),
    axes: Axes | None = None,
) -> None:
    """Draws curves: each of Y over X, or each of X over its index if Y is None.

    `X`, `Y`: one curve or several. A curve is n numbers: a tensor, a list, a pandas Series, a
    generator. Several are a list of them, the rows of a matrix, or the columns of a pandas
    DataFrame; one X serves several Y. Raises ValueError unless there is an x for every y.
    `fmts`: matplotlib formats, taken in turn. `axes`: those to draw into; else those of pyplot.
    Definition: d2l, section "Calculus".
    """
    if Y is None:
        Y = _curves(X)
        X = [np.arange(len(y)) for y in Y]
    else:
        X, Y = _curves(X), _curves(Y)
        if len(X) == 1:
            X = X * len(Y)
    if len(X) != len(Y) or any(len(x) != len(y) for x, y in zip(X, Y, strict=False)):
        raise ValueError(
            f'plot needs an x for every y: X has curves of {[len(x) for x in X]} points, '
            f'Y of {[len(y) for y in Y]}'
        )
    set_figsize(figsize)
    axes = axes or new_axes()
    axes.cla()
    for i, (x, y) in enumerate(zip(X, Y, strict=True)):
        axes.plot(x, y, fmts[i % len(fmts)])
    set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)


def show_images(
    imgs: Sequence,
    num_rows: int,
    num_cols: int,
    titles: Sequence[str] | None = None,
    scale: float = 1.5,
) -> np.ndarray:
    """Shows images in a grid, and returns its axes, `num_rows * num_cols` of them.

    `imgs`: tensors, arrays or Pillow images; (height, width), with one channel or with three, the
    channels first or last. Those beyond the grid are left out. `titles`: one for each image.
    `scale`: inches of one image. Definition: d2l, section "The Image Classification Dataset".
    """
    use_svg_display()
    images = [_picture(image) for image, _ in zip(imgs, range(num_rows * num_cols), strict=False)]
    titles = [] if titles is None else list(titles)
    if titles and len(titles) < len(images):
        raise ValueError(f'expected a title for each of {len(images)} images, got {len(titles)}')
    figsize = (num_cols * scale, num_rows * scale)
    _, axes = plt.subplots(num_rows, num_cols, figsize=figsize, squeeze=False, layout='constrained')
    axes = axes.flatten()
    for i, ax in enumerate(axes):
        ax.axis('off')
        if i < len(images):
            ax.imshow(images[i], cmap='gray')
            ax.set_title(titles[i] if titles else '')
    return axes


def show_heatmaps(
    matrices: Any,
    xlabel: str,
    ylabel: str,
    titles: Sequence[str] | None = None,
    figsize: tuple[float, float] = (2.5, 2.5),
    cmap: str = 'Reds',
) -> None:
    """Shows a grid of matrices as colours, on one scale, with a colour bar.

    `matrices`: a tensor (rows of the grid, columns of the grid, height, width). `titles`: one for
    each column. `cmap`: a colour map of matplotlib. Definition: d2l, section "Queries, Keys, and
    Values".
    """
    matrices = _array(matrices)
    if matrices.ndim != 4 or matrices.size == 0:
        raise ValueError(
            f'show_heatmaps needs matrices of shape (rows, columns, height, width), got '
            f'{matrices.shape}: one matrix M is M.reshape((1, 1, *M.shape))'
        )
    if titles is not None and len(titles) < matrices.shape[1]:
        raise ValueError(f'show_heatmaps needs {matrices.shape[1]} titles, got {list(titles)}')
    use_svg_display()
    num_rows, num_cols = matrices.shape[:2]
    grid = {'sharex': True, 'sharey': True, 'squeeze': False, 'layout': 'constrained'}
    fig, axes = plt.subplots(num_rows, num_cols, figsize=figsize, **grid)
    # One scale for all matrices, so that the colour bar holds for each of them.
    low, high = np.nanmin(matrices), np.nanmax(matrices)
    for i, j in np.ndindex(num_rows, num_cols):
        ax = axes[i, j]
        image = ax.imshow(matrices[i, j], cmap=cmap, vmin=low, vmax=high)
        if i == num_rows - 1:
            ax.set_xlabel(xlabel)
        if j == 0:
            ax.set_ylabel(ylabel)
        if titles is not None:
            ax.set_title(titles[j])
    fig.colorbar(image, ax=axes, shrink=0.6)


def _picture(image: Any) -> np.ndarray:
    """The image in the layout of matplotlib: (height, width), or (height, width, 3 or 4)."""
    image = found = _array(image)
    if image.ndim == 3 and image.shape[-1] not in (1, 3, 4):
        image = np.moveaxis(image, 0, -1)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.ndim != 2 and not (image.ndim == 3 and image.shape[-1] in (3, 4)):
        raise ValueError(
            f'an image is (height, width), perhaps with 1, 3 or 4 channels before or after, '
            f'got shape {found.shape}'
        )
    return image


def _curves(values: Any) -> list[np.ndarray]:
    """One curve, or several, as a list of NumPy arrays."""
    if hasattr(values, 'columns'):  # a DataFrame; to iterate over it would give their names
        return [_array(values[name]) for name in values.columns]
    if hasattr(values, 'shape'):
        values = _array(values)
    if not np.iterable(values):
        raise ValueError(f'plot needs numbers in a list or a tensor, got {values!r}')
    values = [value if np.isscalar(value) else _array(value) for value in values]
    return [np.asarray(values)] if all(np.ndim(value) == 0 for value in values) else values


def _array(values: Any) -> np.ndarray:
    # NumPy takes no PyTorch tensors that have a gradient or are on a GPU.
    if hasattr(values, 'detach') and hasattr(values, 'cpu'):
        values = values.detach().cpu()
    # Nor lists of them, nor generators.
    if not hasattr(values, '__array__') and np.iterable(values) and not isinstance(values, str):
        values = [_array(value) for value in values]
    return np.asarray(values)
