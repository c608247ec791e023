"""Figures of the lessons: sizes, axes and plots of several curves, on matplotlib's pyplot."""

import sys

import matplotlib.pyplot as plt
import numpy as np

__all__ = ['plot', 'plt', 'set_axes', 'set_figsize', 'use_svg_display']


def use_svg_display():
    """Shows figures as SVG in a Jupyter notebook; elsewhere there is nothing to set."""
    ipython = sys.modules.get('IPython')
    shell = ipython.get_ipython() if ipython else None
    if hasattr(shell, 'kernel'):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats('svg')


def set_figsize(figsize=(3.5, 2.5)):
    """Sets the size of the figures to come: (width, height) in inches."""
    use_svg_display()
    plt.rcParams['figure.figsize'] = figsize


def set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend):
    """Sets labels, scales, limits and legend of matplotlib axes, and a grid. None leaves as is."""
    axes.set(xlabel=xlabel or '', ylabel=ylabel or '', xscale=xscale, yscale=yscale)
    if xlim is not None:
        axes.set_xlim(xlim)
    if ylim is not None:
        axes.set_ylim(ylim)
    if legend:
        axes.legend(legend)
    axes.grid()


def plot(
    X,
    Y=None,
    xlabel=None,
    ylabel=None,
    legend=(),
    xlim=None,
    ylim=None,
    xscale='linear',
    yscale='linear',
    fmts=('-', 'm--', 'g-.', 'r:'),
    figsize=(3.5, 2.5),
    axes=None,
):
    """Draws curves: each of Y over X, or each of X over its index where there is no Y.

    `X`, `Y`: one curve (n numbers) or a list of curves; one X serves several Y. `fmts`: matplotlib
    formats, taken in turn. Definition: d2l, section "Calculus".
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
    axes = axes or plt.gca()
    axes.cla()
    for i, (x, y) in enumerate(zip(X, Y, strict=True)):
        axes.plot(x, y, fmts[i % len(fmts)])
    set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)


def _curves(values):
    """One curve, or a list of them, as a list of NumPy arrays."""
    if len(values) and np.ndim(_array(values[0])) == 0:
        return [_array(values)]
    return [_array(curve) for curve in values]


def _array(values):
    # Tensors that know their gradient, or live on a GPU, do not become NumPy arrays by themselves.
    if hasattr(values, 'detach') and hasattr(values, 'cpu'):
        values = values.detach().cpu()
    return np.asarray(values)
